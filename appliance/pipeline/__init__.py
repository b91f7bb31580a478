"""Photo + speech → frames → MP4. Plain functions over numpy: no Qt, no global state, no network."""
