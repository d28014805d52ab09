"""From videos to landmarks."""
