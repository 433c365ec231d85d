"""Many clients of subscriptions at a server, for minutes: nothing is lost, nothing grows, nothing stays."""
