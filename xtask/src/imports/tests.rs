use super::circles;
use super::tree::Tree;

/// Writes a crate of these files (the first is its root) and lists its circles: parent, members, and `file:line`
/// of each reference.
fn circles_of(files: &[(&str, &str)]) -> Vec<(String, String, Vec<String>)> {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    let tree = Tree::read(&folder.path().join(files[0].0)).unwrap();
    let found = circles::find(&tree).into_iter().map(|circle| {
        let arrows = circle.arrows.iter().map(|arrow| {
            let file = arrow.file.strip_prefix(folder.path()).unwrap();
            format!("{}:{}", file.display(), arrow.line)
        });
        let arrows = arrows.collect();
        (circle.parent, circle.members.join(" "), arrows)
    });
    found.collect()
}

/// Circles of a crate whose modules `a` and `b` have these texts.
fn between(root: &str, a: &str, b: &str) -> usize {
    circles_of(&[("lib.rs", root), ("a.rs", a), ("b.rs", b)]).len()
}

const ROOT: &str = "mod a; mod b;";

#[test]
fn a_circle_of_two_modules_is_listed_with_file_and_line() {
    let found = circles_of(&[
        ("lib.rs", ROOT),
        ("a.rs", "use std::fmt;\n\nuse crate::b::B;\npub struct A;"),
        ("b.rs", "pub struct B;\nfn f(_: super::a::A) {}"),
    ]);
    let arrows = ["a.rs:3", "b.rs:2"].map(str::to_owned).to_vec();
    assert_eq!(found, [(String::new(), "a b".to_owned(), arrows)]);
}

#[test]
fn one_direction_is_no_circle() {
    assert_eq!(between(ROOT, "use crate::b::B;", "pub struct B;"), 0);
    // A parent uses its children and they use it.
    assert_eq!(
        between(
            "mod a; mod b; struct S; use a::A;",
            "use crate::S; pub struct A;",
            ""
        ),
        0
    );
}

#[test]
fn a_chain_is_a_circle() {
    let found = circles_of(&[
        ("main.rs", "mod a; mod b; mod c; mod d;"),
        ("a.rs", "use crate::b::B;"),
        ("b.rs", "use crate::c::C;\npub struct B;"),
        ("c.rs", "pub struct C;\nuse crate::a::x;"),
        ("d.rs", "use crate::a::y;"),
    ]);
    assert_eq!(found[0].1, "a b c");
    assert_eq!(found[0].2, ["a.rs:1", "b.rs:1", "c.rs:2"]);
}

#[test]
fn a_circle_is_found_below_other_modules() {
    let found = circles_of(&[
        ("lib.rs", "mod outer { pub mod flat; }"),
        ("outer/flat.rs", "pub mod a; pub mod b;"),
        ("outer/flat/a/mod.rs", "mod deep;"),
        (
            "outer/flat/a/deep.rs",
            "use super::super::b::B; pub struct D;",
        ),
        (
            "outer/flat/b.rs",
            "use crate::outer::flat::a::X; pub struct B;",
        ),
    ]);
    assert_eq!(found[0].0, "outer::flat");
    assert_eq!(found[0].2, ["outer/flat/a/deep.rs:1", "outer/flat/b.rs:1"]);
}

#[test]
fn re_exports_hide_no_circle() {
    // `b` takes A from the parent, which re-exports it.
    let b = "use super::A; pub struct B;";
    let a = "use super::b::B; pub struct A;";
    assert_eq!(between("mod a; mod b; pub use a::A;", a, b), 1);
    assert_eq!(between("mod a; mod b; pub use a::*;", a, b), 1);
    assert_eq!(
        between(
            "mod a; mod b; pub use a::A as Other;",
            a,
            "use super::Other; pub struct B;"
        ),
        1
    );
    // Through two re-exports, and through an import of the parent itself.
    assert_eq!(
        between(
            "mod a; mod b; mod c { pub use crate::a::A; } pub use c::A;",
            a,
            b
        ),
        1
    );
    assert_eq!(
        between(
            "mod a; mod b; pub use a::A;",
            a,
            "use crate as root; fn f(_: root::A) {} pub struct B;"
        ),
        1
    );
    // All of the parent.
    assert_eq!(
        between(
            "mod a; mod b; use a::A;",
            a,
            "use super::*; pub struct B(A);"
        ),
        1
    );
}

#[test]
fn paths_in_code_macros_and_attributes_count() {
    let a = "use super::b::B; pub struct A; pub fn f() {}";
    for b in [
        "fn g() { crate::a::f() }",
        "fn g() { use super::a::f; f() }",
        "fn g() -> Vec<crate::a::A> { Vec::new() }",
        "fn g() { println!(\"{}\", crate::a::f()) }",
        "fn g() { assert!(vec![1].iter().all(|_| super::a::f())) }",
        "macro_rules! m { () => { $crate::a::f() } }",
        "#[derive(D)] struct S { #[serde(default = \"crate::a::f\")] x: u8 }",
        "use crate::{a::{self}, b as own};",
    ] {
        assert_eq!(between(ROOT, a, &format!("pub struct B; {b}")), 1, "{b}");
    }
}

#[test]
fn code_of_tests_and_documentation_do_not_count() {
    let a = "use super::b::B; pub struct A;";
    for b in [
        "#[cfg(test)] mod tests { use crate::a::A; }",
        "#[cfg(test)] mod missing_file;",
        "#[cfg(all(test, unix))] use crate::a::A;",
        "#[test] fn t() { crate::a::f() }",
        "impl B { #[cfg(test)] fn t() { crate::a::f() } }",
        "/// [`crate::a::A`]\nfn documented() {}",
        "use ::a::A;",
        "#[cfg(test)] use crate::a::A;",
    ] {
        assert_eq!(between(ROOT, a, &format!("pub struct B; {b}")), 0, "{b}");
    }
    for b in [
        "#[cfg(not(test))] use crate::a::A;",
        "#[cfg(any(test, feature = \"x\"))] use crate::a::A;",
    ] {
        assert_eq!(between(ROOT, a, &format!("pub struct B; {b}")), 1, "{b}");
    }
}

#[test]
fn a_path_attribute_names_the_file_and_conditions_choose_among_files() {
    let found = circles_of(&[
        (
            "lib.rs",
            "#[cfg(unix)] #[path = \"sys/unix.rs\"] mod sys; #[cfg(windows)] #[path = \"sys/win.rs\"] mod sys; mod b;",
        ),
        ("sys/unix.rs", "mod child; pub struct A;"),
        ("sys/child.rs", ""),
        ("sys/win.rs", "\nuse crate::b::B;"),
        ("b.rs", "pub struct B; use crate::sys::A;"),
    ]);
    assert_eq!(found[0].1, "sys b");
    assert_eq!(found[0].2, ["sys/win.rs:2", "b.rs:1"]);
}

#[test]
fn imports_that_go_round_end() {
    assert_eq!(
        between(
            "mod a; mod b;",
            "pub use crate::b::x; pub use crate::b::*;",
            "pub use crate::a::x; pub use crate::a::*;"
        ),
        1
    );
    assert_eq!(
        between("mod a; mod b; use self::x as x;", "use crate::x;", ""),
        0
    );
}

#[test]
fn a_file_that_is_missing_or_wrong_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("lib.rs");
    let error = |text: &str| {
        std::fs::write(&root, text).unwrap();
        Tree::read(&root).err().unwrap().to_string()
    };
    assert!(error("\nmod gone;").contains("lib.rs:2: neither"));
    assert!(error("fn f() {\n  ) }").contains("lib.rs:2: "));
}
