"""`bench world`: what the servers on loopback cost."""
