"""Site memory on Spark, step by step: reading, pages by site, sites that are large, lines, examples, and the file."""
