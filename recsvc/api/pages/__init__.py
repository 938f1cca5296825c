"""The site's pages: rendered here, working without scripts, each change a POST."""
