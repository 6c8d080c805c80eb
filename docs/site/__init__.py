"""What builds the site and writes the generated parts of the pages. Not part of the site itself."""
