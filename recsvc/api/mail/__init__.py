"""Pages around mails: subscribing, confirming, leaving, and how a mail would look."""
