-- Budgets have windows: `scope` of budget_scope and release_scope names an account, a scope for ever (`partner:acme`)
-- or in a calendar month of UTC (`partner:acme@2026-02`). What was charged before has no month and counts for ever.

-- The latest moment at which anything was reserved: the ledger's clock never goes back behind it.
CREATE INDEX release_by_reserved ON release (reserved);
-- What a partner was last answered.
CREATE INDEX release_by_partner ON release (partner, release);
