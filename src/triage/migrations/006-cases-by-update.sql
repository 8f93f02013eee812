-- The newest change of a company's cases: pages that stay open ask for it again and again.
CREATE INDEX cases_by_update ON cases(company, updated_us);
