"""Several people on one project: reviews, agreement, conflicts, who did what, and when."""
