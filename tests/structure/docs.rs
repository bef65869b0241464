//! Do the pages of docs/ name tests that exist, and is every mitigation of the best practice mapped?

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// The mitigations of the IETF's best current practice for cross-device flows.
const MITIGATIONS: [&str; 18] = [
    "proximity",
    "short-lived-codes",
    "one-time-codes",
    "unique-codes",
    "content-filtering",
    "detect-and-remediate",
    "trusted-devices",
    "trusted-networks",
    "limited-scopes",
    "short-lived-tokens",
    "rate-limits",
    "sender-constrained-tokens",
    "user-education",
    "user-experience",
    "authenticate-then-initiate",
    "request-initiation-verification",
    "request-binding",
    "risk-assessment",
];

const PAGES: [&str; 2] = ["docs/threat-model.md", "docs/cross-device-risk.md"];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace").to_owned()
}

fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every source file of ours; not what was built or fetched.
fn sources(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        if path.is_dir() && !name.starts_with('.') && name != "target" && name != "node_modules" {
            found.extend(sources(&path, ending));
        } else if name.ends_with(ending) {
            found.push(path);
        }
    }
    found
}

/// Of two rows about one crate the stricter one wins, and nobody sees why.
#[test]
fn what_may_come_into_the_tree_says_of_each_crate_once_who_may_have_it() {
    let text = page("deny.toml");
    let rows: Vec<_> = text.lines().filter_map(|line| line.trim().strip_prefix("{ crate = \"")).collect();
    let crates: Vec<_> = rows.iter().filter_map(|row| row.split_once('"')).map(|(name, _)| name).collect();
    assert!(crates.len() > 20, "{crates:?}");
    assert_eq!(crates.iter().collect::<BTreeSet<_>>().len(), crates.len(), "{crates:?}");
}

/// The names of all tests in Rust, those of the contract suites among them.
fn tests() -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    for path in sources(&root(), ".rs") {
        let mut is_test = false;
        let suite = path.to_string_lossy().contains("/contract/");
        for line in fs::read_to_string(&path).expect("text").lines().map(str::trim) {
            is_test |= line.starts_with("#[test]") || line.starts_with("#[tokio::test");
            let Some((_, rest)) = line.split_once("fn ").filter(|(before, _)| !before.contains("//")) else {
                continue;
            };
            if is_test || suite {
                names.extend(rest.split(['(', '<']).next().map(str::to_owned));
            }
            is_test = false;
        }
    }
    names
}

/// The names of all tests in a browser.
fn sentences() -> BTreeSet<String> {
    let texts = sources(&root().join("tests/browser"), ".mjs").into_iter().map(fs::read_to_string);
    let texts: Vec<String> = texts.map(|text| text.expect("text")).collect();
    let starts = texts.iter().flat_map(|text| text.split("test(\"").skip(1));
    starts.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
}

/// The rows of the tables of a page, those of them that say in the last column which test shows it.
fn rows(text: &str) -> Vec<Vec<&str>> {
    let mut rows = Vec::new();
    let mut shown = false;
    for line in text.lines() {
        let cells: Vec<&str> = line.trim_matches('|').split('|').map(str::trim).collect();
        match line.starts_with('|') {
            false => shown = false,
            true if cells.last() == Some(&"shown by") => shown = true,
            true if shown && !line.starts_with("|--") => rows.push(cells),
            true => {}
        }
    }
    rows
}

/// What stands between two marks: `names` or "sentences".
fn between(text: &str, mark: char) -> impl Iterator<Item = &str> {
    text.split(mark).skip(1).step_by(2)
}

/// Whether this is the name of a test, and not an option or a file.
fn is_name(text: &str) -> bool {
    text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == ':')
}

fn exists(name: &str, tests: &BTreeSet<String>) -> bool {
    // A whole file of a suite, such as `contract::store::races`.
    let suite = root().join("idp-core/src").join(format!("{}.rs", name.replace("::", "/")));
    tests.contains(name) || (name.contains("::") && suite.exists())
}

#[test]
fn every_test_that_a_page_names_exists() {
    let (tests, sentences) = (tests(), sentences());
    let mut named = 0;
    for path in PAGES {
        let text = page(path);
        for cells in rows(&text) {
            let last = cells.last().expect("a cell");
            for name in between(last, '`').filter(|name| is_name(name)) {
                assert!(exists(name, &tests), "{path}: there is no test {name}");
                named += 1;
            }
            for sentence in between(last, '"') {
                let shown = sentences.contains(sentence);
                assert!(shown, "{path}: there is no test \"{sentence}\"");
            }
        }
    }
    assert!(named > 100, "the tables are found: {named}");
}

#[test]
fn every_mitigation_of_the_best_practice_is_mapped() {
    let text = page("docs/cross-device-risk.md");
    let rows = rows(&text);
    let ids: Vec<&str> = rows.iter().filter_map(|cells| between(cells[0], '`').next()).collect();
    assert_eq!(ids, MITIGATIONS);
    for cells in rows {
        let [id, _, missing, shown] = cells[..] else { panic!("a row of four cells: {cells:?}") };
        let says = |cell: &str| !cell.is_empty() && cell != "–";
        assert!(
            says(missing) || says(shown),
            "{id}: either a test shows it, or the page says what is missing"
        );
    }
}

#[test]
fn the_architecture_says_what_each_file_of_the_engine_answers() {
    let architecture = page("docs/architecture.md");
    for path in sources(&root().join("idp-core/src/engine"), ".rs") {
        let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let lines = architecture.matches(&format!("\n| `{name}` |")).count();
        assert_eq!(lines, 1, "docs/architecture.md has a line for {name} in the table of the engine");
    }
}
