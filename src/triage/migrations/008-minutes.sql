-- How long a person of the operator's worked for it; NULL where nobody said. Costs are made of it.
ALTER TABLE case_step ADD COLUMN minutes INTEGER CHECK(minutes BETWEEN 1 AND 1440);
CREATE INDEX case_step_by_minutes ON case_step(at_us, company, minutes) WHERE minutes IS NOT NULL;
