"""How the server is seen from outside: its metrics, log lines and traces."""
