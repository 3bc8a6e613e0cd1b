"""Looking after a project: check, repair, backup, merging, forgetting, the audit trail."""
