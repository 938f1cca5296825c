"""What other people's pages embed: modules, a page for frames, oEmbed, and a page to choose from."""
