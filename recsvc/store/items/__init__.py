"""The catalogue, its boards, and what is known of where it came from, kept."""
