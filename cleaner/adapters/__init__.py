"""Steps in other people's pipelines. Each module loads its host where it is used, and holds no logic of its own."""
