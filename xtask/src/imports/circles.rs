//! Circles among sibling modules.

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::path::Path;
use std::rc::Rc;

use super::references::Reference;
use super::resolve::Resolver;
use super::tree::{Id, Tree};

/// Sibling modules each of which reaches all others.
pub(crate) struct Circle {
    /// Path of the module they lie in; empty for the crate's root.
    pub(crate) parent: String,
    pub(crate) members: Vec<String>,
    /// One reference for each ordered pair of members where the first refers to the second.
    pub(crate) arrows: Vec<Arrow>,
}

pub(crate) struct Arrow {
    pub(crate) from: String,
    pub(crate) to: String,
    pub(crate) file: Rc<Path>,
    pub(crate) line: usize,
    /// As the source text has it.
    pub(crate) path: String,
}

/// The references between siblings: one for each ordered pair, imports first.
type Siblings<'a> = BTreeMap<(Id, Id), &'a Reference>;

pub(crate) fn find(tree: &Tree) -> Vec<Circle> {
    let mut circles = Vec::new();
    for (parent, siblings) in &references(tree) {
        let mut done = HashSet::new();
        for &start in tree.modules[*parent].children.values() {
            let members = strongly_connected(siblings, start);
            if members.len() > 1 && done.insert(members.clone()) {
                circles.push(circle(tree, *parent, siblings, &members));
            }
        }
    }
    circles
}

fn references(tree: &Tree) -> BTreeMap<Id, Siblings<'_>> {
    let mut all: BTreeMap<Id, Siblings> = BTreeMap::new();
    let mut resolver = Resolver::new(tree);
    for (from, module) in tree.modules.iter().enumerate() {
        for reference in &module.names.references {
            for to in resolver.modules(from, &reference.segments) {
                let Some((parent, pair)) = siblings(tree, from, to) else {
                    continue;
                };
                let kept = all.entry(parent).or_default().entry(pair);
                let kept = kept.or_insert(reference);
                if reference.import && !kept.import {
                    *kept = reference;
                }
            }
        }
    }
    all
}

/// The nearest common ancestor and its two children that contain `from` and `to`; none if one contains the other.
fn siblings(tree: &Tree, from: Id, to: Id) -> Option<(Id, (Id, Id))> {
    let down = |id| {
        let mut path: Vec<Id> = tree.ancestors(id).collect();
        path.reverse();
        path
    };
    let (from, to) = (down(from), down(to));
    let apart = from.iter().zip(&to).position(|(a, b)| a != b)?;
    Some((from[apart - 1], (from[apart], to[apart])))
}

/// The modules that `start` reaches and that reach it, itself included.
fn strongly_connected(siblings: &Siblings, start: Id) -> BTreeSet<Id> {
    let reach = |forward: bool| {
        let mut reached = BTreeSet::from([start]);
        let mut open = vec![start];
        while let Some(now) = open.pop() {
            for &(from, to) in siblings.keys() {
                let (here, there) = if forward { (from, to) } else { (to, from) };
                if here == now && reached.insert(there) {
                    open.push(there);
                }
            }
        }
        reached
    };
    &reach(true) & &reach(false)
}

fn circle(tree: &Tree, parent: Id, siblings: &Siblings, members: &BTreeSet<Id>) -> Circle {
    let name = |id: Id| tree.modules[id].name.clone();
    let inside = siblings
        .iter()
        .filter(|((from, to), _)| members.contains(from) && members.contains(to));
    let arrows = inside.map(|(&(from, to), reference)| Arrow {
        from: name(from),
        to: name(to),
        file: Rc::clone(&reference.file),
        line: reference.line,
        path: reference.segments.join("::"),
    });
    Circle {
        parent: tree.path(parent),
        members: members.iter().map(|&id| name(id)).collect(),
        arrows: arrows.collect(),
    }
}
