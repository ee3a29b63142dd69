"""Steps in other people's pipelines: thin, without logic of their own, importing their host where it is used."""
