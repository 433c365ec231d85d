"""Who may ask: tokens, who one is, and the audit log."""
