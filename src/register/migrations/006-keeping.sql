-- Days that a company's alerts and closed cases are kept; NULL: the default of register/keep.h.
ALTER TABLE company ADD COLUMN keep_alerts INTEGER;
ALTER TABLE company ADD COLUMN keep_cases INTEGER;
