//! The modules of a crate, read from its source files.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail};
use syn::{Expr, ExprLit, Item, ItemMod, Lit, Meta};

use super::references::{Names, is_test, name_of};

/// Index of a module in [`Tree::modules`]; the crate's root is 0.
pub(crate) type Id = usize;

pub(crate) struct Module {
    pub(crate) name: String,
    pub(crate) parent: Option<Id>,
    pub(crate) children: BTreeMap<String, Id>,
    pub(crate) names: Names,
}

pub(crate) struct Tree {
    pub(crate) modules: Vec<Module>,
}

/// Where the files of child modules are looked for.
struct Folders {
    /// For `mod name;`.
    children: PathBuf,
    /// For `#[path = "..."] mod name;`.
    attribute: PathBuf,
}

impl Tree {
    /// Reads a crate from its first source file (`lib.rs`, `main.rs`).
    ///
    /// # Errors
    /// If a file is missing or is not Rust.
    pub(crate) fn read(root: &Path) -> Result<Self> {
        let mut tree = Self {
            modules: Vec::new(),
        };
        tree.read_file(None, "crate".to_owned(), root, true)?;
        Ok(tree)
    }

    /// The path of a module from the crate's root, without the root: `panel::pages`.
    pub(crate) fn path(&self, id: Id) -> String {
        let mut names: Vec<&str> = self
            .ancestors(id)
            .map(|id| self.modules[id].name.as_str())
            .collect();
        names.pop();
        names.reverse();
        names.join("::")
    }

    /// The module, its parent, and so on to the root.
    pub(crate) fn ancestors(&self, id: Id) -> impl Iterator<Item = Id> {
        std::iter::successors(Some(id), |&id| self.modules[id].parent)
    }

    /// Reads a module from its own file. `owns_folder`: the files of its children lie beside it (`mod.rs`).
    fn read_file(
        &mut self,
        parent: Option<Id>,
        name: String,
        file: &Path,
        owns_folder: bool,
    ) -> Result<()> {
        let text = std::fs::read_to_string(file)
            .with_context(|| format!("cannot read {}", file.display()))?;
        let parsed = syn::parse_file(&text).map_err(|error| {
            anyhow!("{}:{}: {error}", file.display(), error.span().start().line)
        })?;
        if is_test(&parsed.attrs) {
            return Ok(());
        }
        let folder = file.parent().context("a source file lies in a folder")?;
        let children = if owns_folder {
            folder.to_owned()
        } else {
            file.with_extension("")
        };
        let folders = Folders {
            children,
            attribute: folder.to_owned(),
        };
        let id = self.add(parent, name, file);
        self.read_items(id, &parsed.items, &folders)
    }

    fn read_items(&mut self, id: Id, items: &[Item], folders: &Folders) -> Result<()> {
        for item in items {
            match item {
                Item::Mod(module) if is_test(&module.attrs) => {}
                Item::Mod(module) => self.read_module(id, module, folders)?,
                item => self.modules[id].names.add(item),
            }
        }
        Ok(())
    }

    fn read_module(&mut self, parent: Id, module: &ItemMod, folders: &Folders) -> Result<()> {
        let name = name_of(&module.ident);
        let attribute = path_attribute(module);
        if let Some((_, items)) = &module.content {
            let folder = match &attribute {
                Some(path) => folders.attribute.join(path),
                None => folders.children.join(&name),
            };
            let file = self.modules[parent].names.file.to_path_buf();
            let id = self.add(Some(parent), name, &file);
            let folders = Folders {
                attribute: folder.clone(),
                children: folder,
            };
            return self.read_items(id, items, &folders);
        }
        if let Some(path) = attribute {
            return self.read_file(Some(parent), name, &folders.attribute.join(path), true);
        }
        let flat = folders.children.join(format!("{name}.rs"));
        let nested = folders.children.join(&name).join("mod.rs");
        match (flat.exists(), nested.exists()) {
            (true, _) => self.read_file(Some(parent), name, &flat, false),
            (false, true) => self.read_file(Some(parent), name, &nested, true),
            (false, false) => bail!(
                "{}:{}: neither {} nor {} exists",
                self.modules[parent].names.file.display(),
                module.ident.span().start().line,
                flat.display(),
                nested.display()
            ),
        }
    }

    /// A new module, or the one of this name where conditions choose among several.
    fn add(&mut self, parent: Option<Id>, name: String, file: &Path) -> Id {
        let id = self.modules.len();
        if let Some(parent) = parent {
            if let Some(&same) = self.modules[parent].children.get(&name) {
                self.modules[same].names.file = file.into();
                return same;
            }
            self.modules[parent].children.insert(name.clone(), id);
        }
        self.modules.push(Module {
            name,
            parent,
            children: BTreeMap::new(),
            names: Names::new(file),
        });
        id
    }
}

fn path_attribute(module: &ItemMod) -> Option<String> {
    module
        .attrs
        .iter()
        .find_map(|attribute| match &attribute.meta {
            Meta::NameValue(pair) if pair.path.is_ident("path") => match &pair.value {
                Expr::Lit(ExprLit {
                    lit: Lit::Str(text),
                    ..
                }) => Some(text.value()),
                _ => None,
            },
            _ => None,
        })
}
