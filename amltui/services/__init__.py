"""What one does with a workspace; the three front ends add presentation only."""
