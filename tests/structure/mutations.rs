//! Can each defence still be taken away? A patch that fits nowhere any more would never be missed.

use std::{path::Path, process::Command};

#[test]
fn every_mutation_names_a_test_and_fits_the_code() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let folder = root.join("tests/mutations");
    let mut unfit = Vec::new();
    for entry in std::fs::read_dir(&folder).unwrap() {
        let path = entry.unwrap().path();
        let text = std::fs::read_to_string(&path).unwrap();
        let named = ["test: ", "processes: ", "browser: "].iter().any(|kind| text.starts_with(kind));
        let mut check = Command::new("git");
        check.args(["apply", "--check", "-C1"]).arg(&path).current_dir(&root);
        let fits = check.output().expect("git runs").status.success();
        if !named || !fits {
            unfit.push(path.file_name().unwrap().to_owned());
        }
    }
    assert!(unfit.is_empty(), "{unfit:?}: mend the patch in the commit that moved the code");
}
