--- The tests that are not run inside nginx, and why: `test` is a part of the full name.
return {}
