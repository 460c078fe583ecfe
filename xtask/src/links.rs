//! Links between the documents, and the documents that source files name, exist.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hamiltone_tests::places;
use pulldown_cmark::{Event, Options, Parser, Tag, TagEnd};

/// Files in which names of documents are looked for, by their endings.
const SOURCES: [&str; 8] = ["rs", "toml", "md", "py", "sh", "yml", "csv", "cff"];
const SKIPPED: [&str; 2] = ["target", ".git"];

/// Checks all documents of the repository.
///
/// # Errors
/// If a link or a named document leads nowhere, two names differ only in case, or a file cannot be read.
pub(crate) fn check() -> Result<()> {
    let mut files = Vec::new();
    list(&places::root(), &mut files)?;
    let twins = differ_in_case(&files);
    ensure!(
        twins.is_empty(),
        "macOS and Windows cannot hold both of these files: {}",
        twins.join("; ")
    );
    let (documents, broken) = broken_links(&places::root())?;
    for link in &broken {
        println!("{link}");
    }
    ensure!(
        broken.is_empty(),
        "{} links lead nowhere (listed above)",
        broken.len()
    );
    println!("all links of {documents} documents lead somewhere");
    Ok(())
}

/// The number of documents, and `file: link` for each that leads nowhere.
fn broken_links(root: &Path) -> Result<(usize, Vec<String>)> {
    let mut files = Vec::new();
    list(root, &mut files)?;
    let mut anchors = BTreeMap::new();
    for file in files.iter().filter(|file| is_document(file)) {
        anchors.insert(file.clone(), headings(&read(file)?));
    }
    let mut broken = Vec::new();
    for file in &files {
        let text = read(file)?;
        let mut report = |link: &str| {
            let file = file.strip_prefix(root).unwrap_or(file);
            broken.push(format!("{}: {link}", file.display()));
        };
        if is_document(file) {
            for link in links(&text) {
                if !leads_somewhere(file, &link, &anchors) {
                    report(&link);
                }
            }
        }
        // Records of runs name what there was when they were written.
        let is_record = file.starts_with(root.join("docs/results"));
        for name in named_documents(&text) {
            if !is_record && !root.join(name).exists() {
                report(name);
            }
        }
    }
    Ok((anchors.len(), broken))
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    for entry in std::fs::read_dir(folder).with_context(|| folder.display().to_string())? {
        let path = entry?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        if path.is_dir() {
            if !SKIPPED.contains(&&*name) && !path.join("pyvenv.cfg").exists() {
                list(&path, files)?;
            }
        } else if path
            .extension()
            .is_some_and(|e| SOURCES.iter().any(|s| e == *s))
        {
            files.push(path);
        }
    }
    files.sort();
    Ok(())
}

/// Pairs of paths that are one path where case does not count.
fn differ_in_case(files: &[PathBuf]) -> Vec<String> {
    let mut seen: BTreeMap<String, &PathBuf> = BTreeMap::new();
    let mut twins = Vec::new();
    for file in files {
        let name = file.display().to_string();
        if let Some(first) = seen.insert(name.to_lowercase(), file) {
            twins.push(format!("{} and {name}", first.display()));
        }
    }
    twins
}

fn read(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).with_context(|| file.display().to_string())
}

fn is_document(file: &Path) -> bool {
    file.extension().is_some_and(|ending| ending == "md")
}

fn parse(text: &str) -> Parser<'_> {
    Parser::new_ext(text, Options::ENABLE_TABLES)
}

fn links(text: &str) -> Vec<String> {
    let targets = parse(text).filter_map(|event| match event {
        Event::Start(Tag::Link { dest_url, .. } | Tag::Image { dest_url, .. }) => {
            Some(dest_url.to_string())
        }
        _ => None,
    });
    targets.collect()
}

/// The anchors that GitHub gives to a document's headings.
fn headings(text: &str) -> BTreeSet<String> {
    let mut anchors = BTreeSet::new();
    let mut heading: Option<String> = None;
    for event in parse(text) {
        match event {
            Event::Start(Tag::Heading { .. }) => heading = Some(String::new()),
            Event::Text(text) | Event::Code(text) => {
                if let Some(heading) = &mut heading {
                    *heading += &text;
                }
            }
            Event::End(TagEnd::Heading(_)) => {
                let anchor = anchor(&heading.take().unwrap_or_default());
                let numbered = (1..).map(|number| format!("{anchor}-{number}"));
                let mut names = std::iter::once(anchor.clone()).chain(numbered);
                anchors.extend(names.find(|name| !anchors.contains(name)));
            }
            _ => {}
        }
    }
    anchors
}

fn anchor(heading: &str) -> String {
    let kept = heading.chars().filter_map(|letter| match letter {
        ' ' => Some('-'),
        '-' | '_' => Some(letter),
        letter => letter.is_alphanumeric().then_some(letter),
    });
    kept.flat_map(char::to_lowercase).collect()
}

fn leads_somewhere(file: &Path, link: &str, anchors: &BTreeMap<PathBuf, BTreeSet<String>>) -> bool {
    if link.contains("://") || link.starts_with("mailto:") {
        return true;
    }
    let (path, fragment) = link.split_once('#').unwrap_or((link, ""));
    let target = match path {
        "" => file.to_owned(),
        path => normal(&file.parent().unwrap_or(file).join(path)),
    };
    if !target.exists() {
        return false;
    }
    fragment.is_empty()
        || anchors
            .get(&target)
            .is_none_or(|anchors| anchors.contains(fragment))
}

/// Without `.` and `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            other => normal.push(other),
        }
    }
    normal
}

/// Paths of the form `docs/….md` in a text, relative to the root of the repository.
fn named_documents(text: &str) -> Vec<&str> {
    let in_path = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
    let starts = text
        .match_indices("docs/")
        .filter(|&(at, _)| !text[..at].ends_with(in_path));
    let names = starts.map(|(at, _)| {
        let end = text[at..]
            .find(|letter| !in_path(letter))
            .unwrap_or(text.len() - at);
        text[at..at + end].trim_end_matches('.')
    });
    names.filter(|name| name.ends_with(".md")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn broken(files: &[(&str, &str)]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, text).unwrap();
        }
        broken_links(folder.path()).unwrap().1
    }

    /// Not written out, or the check would look for the documents of these tests.
    const DOCS: &str = "docs";

    #[test]
    fn links_to_files_and_headings_are_followed() {
        let guide = "# The guide\n\n## One `code`, two\n\n## Same\n\n## Same\n[up](../README.md#a-b) [here](#same-1)\n";
        let readme = format!(
            "# A & B\n# a b\n[g]({DOCS}/guide.md#one-code-two) ![p](p.png) [w](https://example.org/x#y)\n\n\
             ```\n[no link](nowhere.md)\n```\n"
        );
        let good = [
            ("README.md", readme.as_str()),
            (&format!("{DOCS}/guide.md"), guide),
            ("p.png", ""),
        ];
        assert_eq!(broken(&good), Vec::<String>::new());
        let bad = "[a](gone.md) [b](guide.md#gone) ![c](../gone.png) [d](#gone)";
        let file = format!("{DOCS}/bad.md");
        let found = broken(&[good[0], good[1], good[2], (&file, bad)]);
        let expected = ["gone.md", "guide.md#gone", "../gone.png", "#gone"];
        assert_eq!(found, expected.map(|link| format!("{file}: {link}")));
    }

    #[test]
    fn documents_that_sources_name_exist() {
        let source = format!(
            "//! See {DOCS}/guide.md. And `{DOCS}/gone.md`, other-{DOCS}/x.md, {DOCS}/results.\n"
        );
        let found = broken(&[(&format!("{DOCS}/guide.md"), ""), ("src/lib.rs", &source)]);
        assert_eq!(found, [format!("src/lib.rs: {DOCS}/gone.md")]);
    }

    #[test]
    fn names_that_differ_only_in_case_are_found() {
        let files = ["Notes.md", "a.md", "notes.md"].map(PathBuf::from);
        assert_eq!(differ_in_case(&files), ["Notes.md and notes.md"]);
        assert!(differ_in_case(&files[1..]).is_empty());
    }
}
