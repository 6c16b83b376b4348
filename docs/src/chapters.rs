//! Chapters whose Rust blocks run as doc tests. A test compares this list with the chapters that have any.
