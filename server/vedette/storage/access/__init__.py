"""Who may: tokens, sessions and the audit log."""
