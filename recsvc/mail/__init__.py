"""Mail: who subscribes, what goes into a digest, what it looks like, and where its links lead."""
