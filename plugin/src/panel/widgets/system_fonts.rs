//! Fonts of the system, for characters that egui's built-in fonts lack. Searched for once per process, on a thread of its
//! own, and only when such a character is to be drawn.

use std::panic::catch_unwind;
use std::sync::{Arc, Once, OnceLock};

use egui::epaint::text::{FallbackRequest, FontProvider};
use egui::{Context, FontFamily, Id};
use egui_system_font_provider::SystemFontProvider;

use crate::code_in_memory::keep_code_in_memory;

/// The result of the search: `None` where the system's fonts cannot be listed.
static FOUND: OnceLock<Option<Arc<SystemFontProvider>>> = OnceLock::new();

/// Starts the search, unless that was done before. `missing` is a text that cannot be drawn yet: the fonts of its script
/// are opened by the thread too. Does not wait.
pub(crate) fn search(missing: &str) {
    static STARTED: Once = Once::new();
    STARTED.call_once(|| {
        // The thread, and one that the library starts, may outlive the plugin's last instance.
        if !keep_code_in_memory() {
            return;
        }
        let missing = missing.to_owned();
        let thread = std::thread::Builder::new().name("hamiltone fonts".to_owned());
        // Without a thread, texts stay in Latin letters.
        let _ = thread.spawn(move || {
            let found = catch_unwind(|| list(&missing)).ok();
            FOUND.set(found)
        });
    });
}

/// Takes some 100 ms: until all fonts are listed and those for `missing` are open.
fn list(missing: &str) -> Arc<SystemFontProvider> {
    let provider = SystemFontProvider::new();
    provider.font_for(&FallbackRequest {
        cluster: missing,
        family: &FontFamily::Proportional,
    });
    Arc::new(provider)
}

/// Gives a context the fonts that were found, once; call it before anything is drawn in a frame.
pub(crate) fn use_found(context: &Context) {
    let Some(Some(found)) = FOUND.get() else {
        return;
    };
    let used = context.data_mut(|data| {
        let used = data.get_temp_mut_or_default::<bool>(used_id());
        std::mem::replace(used, true)
    });
    if !used {
        context.add_font_provider(found.clone());
    }
}

/// Whether a context has been given the fonts.
fn used_id() -> Id {
    Id::unique("system fonts")
}

/// Lets a context do without the fonts of the system, as on a system without any.
#[cfg(test)]
pub(crate) fn never_use(context: &Context) {
    context.data_mut(|data| data.insert_temp(used_id(), true));
}

/// Whether the search is over, whatever was found.
#[cfg(test)]
pub(crate) fn is_over() -> bool {
    FOUND.get().is_some()
}
