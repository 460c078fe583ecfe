//! The paths that one module's source text names, and the names that it defines and imports.

use std::collections::{HashMap, HashSet};
use std::path::Path as FilePath;
use std::rc::Rc;

use proc_macro2::{Span, TokenStream, TokenTree};
use syn::punctuated::Punctuated;
use syn::visit::{self, Visit};
use syn::{Attribute, Expr, ImplItem, Item, Meta, Path, Stmt, Token, TraitItem, UseTree};

/// A path named in the source text.
#[derive(Clone, Debug)]
pub(crate) struct Reference {
    pub(crate) segments: Vec<String>,
    pub(crate) file: Rc<FilePath>,
    pub(crate) line: usize,
    /// Whether a `use` names it.
    pub(crate) import: bool,
}

/// What one module contains, its child modules aside.
pub(crate) struct Names {
    /// The file being read.
    pub(crate) file: Rc<FilePath>,
    /// Items defined here: functions, types, constants, macros.
    pub(crate) items: HashSet<String>,
    /// Imported names with the paths they stand for (a name may be a function and a type).
    pub(crate) imports: HashMap<String, Vec<Vec<String>>>,
    /// Paths imported with `::*`.
    pub(crate) globs: Vec<Vec<String>>,
    pub(crate) references: Vec<Reference>,
}

impl Names {
    pub(crate) fn new(file: &FilePath) -> Self {
        Self {
            file: file.into(),
            items: HashSet::new(),
            imports: HashMap::new(),
            globs: Vec::new(),
            references: Vec::new(),
        }
    }

    /// Adds an item that is no module. Modules inside functions count as part of the function.
    pub(crate) fn add(&mut self, item: &Item) {
        if let Some(name) = item_name(item) {
            self.items.insert(name);
        }
        self.visit_item(item);
    }

    fn refer(&mut self, segments: Vec<String>, span: Span, import: bool) {
        self.references.push(Reference {
            segments,
            file: Rc::clone(&self.file),
            line: span.start().line,
            import,
        });
    }

    fn import(&mut self, tree: &UseTree, before: &mut Vec<String>) {
        match tree {
            UseTree::Path(path) => {
                before.push(name_of(&path.ident));
                self.import(&path.tree, before);
                before.pop();
            }
            UseTree::Group(group) => {
                for tree in &group.items {
                    self.import(tree, before);
                }
            }
            UseTree::Glob(glob) => {
                self.refer(before.clone(), glob.star_token.spans[0], true);
                self.globs.push(before.clone());
            }
            UseTree::Name(name) => self.bind(&name.ident, None, before),
            UseTree::Rename(rename) => self.bind(&rename.ident, Some(&rename.rename), before),
        }
    }

    fn bind(&mut self, last: &syn::Ident, renamed: Option<&syn::Ident>, before: &[String]) {
        let mut path = before.to_vec();
        if last != "self" || path.is_empty() {
            path.push(name_of(last));
        }
        let name = renamed.map(name_of).or_else(|| path.last().cloned());
        self.refer(path.clone(), last.span(), true);
        self.imports
            .entry(name.unwrap_or_default())
            .or_default()
            .push(path);
    }

    /// Paths in the arguments of a macro or an attribute, which are not parsed.
    fn scan(&mut self, tokens: TokenStream) {
        let mut tokens = tokens.into_iter().peekable();
        while let Some(token) = tokens.next() {
            match token {
                TokenTree::Group(group) => self.scan(group.stream()),
                TokenTree::Ident(first) => {
                    let mut segments = vec![name_of(&first)];
                    while is_colon(tokens.peek()) {
                        tokens.next();
                        if is_colon(tokens.peek()) {
                            tokens.next();
                        }
                        match tokens.peek() {
                            Some(TokenTree::Ident(next)) => segments.push(name_of(next)),
                            _ => break,
                        }
                        tokens.next();
                    }
                    self.refer(segments, first.span(), false);
                }
                // `::name` is an external crate.
                TokenTree::Punct(punct) if punct.as_char() == ':' && is_colon(tokens.peek()) => {
                    tokens.next();
                    tokens.next_if(|token| matches!(token, TokenTree::Ident(_)));
                }
                TokenTree::Literal(literal) => self.scan_text(&literal),
                TokenTree::Punct(_) => {}
            }
        }
    }

    /// A path in quotes, as in `#[serde(with = "crate::seconds")]`.
    fn scan_text(&mut self, literal: &proc_macro2::Literal) {
        let text = literal.to_string();
        if let Ok(path) = syn::parse_str::<Path>(text.trim_matches('"'))
            && path.segments.len() > 1
        {
            self.refer(segments_of(&path), literal.span(), false);
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_item(&mut self, item: &'ast Item) {
        if !is_test(attributes_of(item)) {
            visit::visit_item(self, item);
        }
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if item.leading_colon.is_none() {
            self.import(&item.tree, &mut Vec::new());
        }
    }

    fn visit_path(&mut self, path: &'ast Path) {
        if path.leading_colon.is_none()
            && let Some(first) = path.segments.first()
        {
            self.refer(segments_of(path), first.ident.span(), false);
        }
        visit::visit_path(self, path); // generic arguments
    }

    fn visit_attribute(&mut self, attribute: &'ast Attribute) {
        match &attribute.meta {
            Meta::List(list) => self.scan(list.tokens.clone()),
            // Documentation links are no imports.
            Meta::NameValue(_) | Meta::Path(_) => {}
        }
    }

    fn visit_macro(&mut self, invocation: &'ast syn::Macro) {
        visit::visit_macro(self, invocation);
        self.scan(invocation.tokens.clone());
    }

    fn visit_impl_item(&mut self, item: &'ast ImplItem) {
        let attributes = match item {
            ImplItem::Const(it) => &it.attrs,
            ImplItem::Fn(it) => &it.attrs,
            ImplItem::Type(it) => &it.attrs,
            ImplItem::Macro(it) => &it.attrs,
            _ => return,
        };
        if !is_test(attributes) {
            visit::visit_impl_item(self, item);
        }
    }

    fn visit_trait_item(&mut self, item: &'ast TraitItem) {
        let attributes = match item {
            TraitItem::Const(it) => &it.attrs,
            TraitItem::Fn(it) => &it.attrs,
            TraitItem::Type(it) => &it.attrs,
            TraitItem::Macro(it) => &it.attrs,
            _ => return,
        };
        if !is_test(attributes) {
            visit::visit_trait_item(self, item);
        }
    }

    fn visit_field(&mut self, field: &'ast syn::Field) {
        if !is_test(&field.attrs) {
            visit::visit_field(self, field);
        }
    }

    fn visit_field_value(&mut self, field: &'ast syn::FieldValue) {
        if !is_test(&field.attrs) {
            visit::visit_field_value(self, field);
        }
    }

    fn visit_arm(&mut self, arm: &'ast syn::Arm) {
        if !is_test(&arm.attrs) {
            visit::visit_arm(self, arm);
        }
    }

    fn visit_stmt(&mut self, statement: &'ast Stmt) {
        let attributes: &[Attribute] = match statement {
            Stmt::Local(it) => &it.attrs,
            Stmt::Macro(it) => &it.attrs,
            Stmt::Expr(Expr::Block(it), _) => &it.attrs,
            Stmt::Expr(Expr::Call(it), _) => &it.attrs,
            Stmt::Expr(Expr::MethodCall(it), _) => &it.attrs,
            _ => &[],
        };
        if !is_test(attributes) {
            visit::visit_stmt(self, statement);
        }
    }
}

/// Whether the attributes say that only tests compile this.
pub(crate) fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match &attribute.meta {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("cfg") => list
            .parse_args::<Meta>()
            .is_ok_and(|condition| needs_test(&condition)),
        _ => false,
    })
}

/// Whether a condition can be true in tests only.
fn needs_test(condition: &Meta) -> bool {
    let parts = |list: &syn::MetaList| {
        list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated)
            .map(|parts| parts.into_iter().collect::<Vec<_>>())
            .unwrap_or_default()
    };
    match condition {
        Meta::Path(path) => path.is_ident("test"),
        Meta::List(list) if list.path.is_ident("all") => parts(list).iter().any(needs_test),
        Meta::List(list) if list.path.is_ident("any") => {
            let parts = parts(list);
            !parts.is_empty() && parts.iter().all(needs_test)
        }
        _ => false,
    }
}

fn attributes_of(item: &Item) -> &[Attribute] {
    match item {
        Item::Const(it) => &it.attrs,
        Item::Enum(it) => &it.attrs,
        Item::Fn(it) => &it.attrs,
        Item::ForeignMod(it) => &it.attrs,
        Item::Impl(it) => &it.attrs,
        Item::Macro(it) => &it.attrs,
        Item::Mod(it) => &it.attrs,
        Item::Static(it) => &it.attrs,
        Item::Struct(it) => &it.attrs,
        Item::Trait(it) => &it.attrs,
        Item::TraitAlias(it) => &it.attrs,
        Item::Type(it) => &it.attrs,
        Item::Union(it) => &it.attrs,
        Item::Use(it) => &it.attrs,
        _ => &[],
    }
}

fn item_name(item: &Item) -> Option<String> {
    if is_test(attributes_of(item)) {
        return None;
    }
    let ident = match item {
        Item::Const(it) => &it.ident,
        Item::Enum(it) => &it.ident,
        Item::Fn(it) => &it.sig.ident,
        Item::Macro(it) => it.ident.as_ref()?,
        Item::Static(it) => &it.ident,
        Item::Struct(it) => &it.ident,
        Item::Trait(it) => &it.ident,
        Item::TraitAlias(it) => &it.ident,
        Item::Type(it) => &it.ident,
        Item::Union(it) => &it.ident,
        _ => return None,
    };
    Some(name_of(ident))
}

fn segments_of(path: &Path) -> Vec<String> {
    path.segments
        .iter()
        .map(|segment| name_of(&segment.ident))
        .collect()
}

/// The name without the `r#` of a raw identifier.
pub(crate) fn name_of(ident: &syn::Ident) -> String {
    let name = ident.to_string();
    name.strip_prefix("r#").map(str::to_owned).unwrap_or(name)
}

fn is_colon(token: Option<&TokenTree>) -> bool {
    matches!(token, Some(TokenTree::Punct(punct)) if punct.as_char() == ':')
}
