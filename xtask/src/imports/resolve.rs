//! From paths to the modules they lead to, through imports and re-exports.

use std::collections::{BTreeSet, HashSet};

use super::tree::{Id, Tree};

/// What a path can name.
#[derive(Clone, Copy, PartialEq)]
enum Target {
    Module(Id),
    /// An item that this module defines.
    ItemOf(Id),
}

pub(crate) struct Resolver<'a> {
    tree: &'a Tree,
    /// Lookups in progress: imports may go round.
    open: HashSet<(Id, String)>,
    /// Modules passed on the way.
    passed: BTreeSet<Id>,
}

impl<'a> Resolver<'a> {
    pub(crate) fn new(tree: &'a Tree) -> Self {
        Self {
            tree,
            open: HashSet::new(),
            passed: BTreeSet::new(),
        }
    }

    /// The modules that a path written in `from` depends on: those it names, those which re-export what it names, and
    /// the one that defines it. Empty for paths into other crates.
    pub(crate) fn modules(&mut self, from: Id, segments: &[String]) -> BTreeSet<Id> {
        self.open.clear();
        self.passed.clear();
        let targets = self.targets(from, segments);
        if targets.is_empty() {
            return BTreeSet::new();
        }
        let mut modules = std::mem::take(&mut self.passed);
        modules.extend(targets.iter().map(|target| match *target {
            Target::Module(id) | Target::ItemOf(id) => id,
        }));
        modules
    }

    fn targets(&mut self, from: Id, segments: &[String]) -> Vec<Target> {
        let mut rest = segments;
        let mut now = from;
        let mut anchored = false;
        while let Some((first, after)) = rest.split_first() {
            now = match first.as_str() {
                "crate" => 0,
                "self" => now,
                "super" => match self.tree.modules[now].parent {
                    Some(parent) => parent,
                    None => return Vec::new(),
                },
                _ => break,
            };
            anchored = true;
            rest = after;
        }
        if rest.is_empty() {
            return vec![Target::Module(now)];
        }
        let mut targets = vec![Target::Module(now)];
        for (index, name) in rest.iter().enumerate() {
            let inside = anchored || index > 0;
            targets = targets
                .into_iter()
                .flat_map(|target| match target {
                    Target::Module(id) => self.inside(id, name, inside),
                    item => vec![item], // a variant or an associated item
                })
                .collect();
        }
        targets
    }

    fn inside(&mut self, id: Id, name: &str, surely: bool) -> Vec<Target> {
        if surely {
            self.passed.insert(id);
        }
        let found = self.lookup(id, name);
        if found.is_empty() && surely {
            return vec![Target::ItemOf(id)]; // a name made by a macro
        }
        found
    }

    /// What a name stands for in a module.
    fn lookup(&mut self, id: Id, name: &str) -> Vec<Target> {
        if !self.open.insert((id, name.to_owned())) {
            return Vec::new();
        }
        let module = &self.tree.modules[id];
        let mut found = Vec::new();
        found.extend(
            module
                .children
                .get(name)
                .map(|&child| Target::Module(child)),
        );
        if module.names.items.contains(name) {
            found.push(Target::ItemOf(id));
        }
        for path in module.names.imports.get(name).into_iter().flatten() {
            found.extend(self.targets(id, path));
        }
        if found.is_empty() {
            for path in &module.names.globs {
                for target in self.targets(id, path) {
                    if let Target::Module(other) = target {
                        let targets = self.lookup(other, name);
                        if !targets.is_empty() {
                            self.passed.insert(other);
                        }
                        found.extend(targets);
                    }
                }
            }
        }
        self.open.remove(&(id, name.to_owned()));
        found.dedup();
        found
    }
}
