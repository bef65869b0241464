//! What of the disk is taken?

use std::fs::{self, File};

use symbolon_pskc::{Integrity, LoadError, MAX_FILE, Problem, Unlock, load, read};

/// A file in a folder of this test's own.
fn file(name: &str, content: &[u8]) -> std::path::PathBuf {
    let folder = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join("pskc");
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn a_hundred_megabytes_are_refused_before_they_are_read() {
    // Whoever had read it would have come to the third line.
    let path = file("large.xml", b"\n\n<");
    // Sparse: it says that it has 100 MB, and has no block for them.
    File::options().write(true).open(&path).unwrap().set_len(100_000_000).unwrap();
    let Err(LoadError::Read(error)) = load(&path) else { panic!("it is refused") };
    assert_eq!((error.line, error.problem), (1, Problem::TooLarge));
    fs::remove_file(path).unwrap();
}

/// A pipe and a device say that they have no bytes.
#[test]
fn an_endless_file_is_left_at_the_limit() {
    let Err(LoadError::Read(error)) = load("/dev/zero".as_ref()) else { panic!("it is refused") };
    assert_eq!((error.line, error.problem), (1, Problem::TooLarge));
}

#[test]
fn a_file_is_read_as_it_is() {
    let path = file("figure3.xml", include_bytes!("../../vectors/figure3.xml"));
    let container = read(&load(&path).unwrap(), Unlock::Plain, Integrity::Required).unwrap();
    assert_eq!(container.keys.len(), 1);
    assert!(matches!(load(&path.with_extension("none")), Err(LoadError::Io(_))));
}

#[test]
fn too_many_bytes_are_refused_without_a_file_too() {
    let bytes = vec![b' '; usize::try_from(MAX_FILE).unwrap() + 1];
    let error = read(&bytes, Unlock::Plain, Integrity::Required).unwrap_err();
    assert_eq!(error.problem, Problem::TooLarge);
}
