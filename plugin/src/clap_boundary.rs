//! The CLAP entry point, and a limit on the size of a state before it is read.
//!
//! nice-plug 0.4.2 reads and parses a CLAP state of up to 256 MiB before the plugin sees any of it, which takes
//! seconds and up to a gigabyte (`docs/upstream/nice-plug-state.md`). A state begins with its length, so it can be
//! refused by that. Everything else goes to nice-plug as it is. When nice-plug lets a plugin set the limit, this
//! module can go, and `nice_export_clap!` serves again.
#![allow(unsafe_code, reason = "CLAP is an interface of C")]

use std::ffi::{CStr, c_char, c_void};
use std::sync::{Arc, LazyLock, OnceLock};

use clap_sys::ext::state::{CLAP_EXT_STATE, clap_plugin_state};
use clap_sys::stream::{clap_istream, clap_ostream};
use nice_plug::wrapper::clap::{
    CLAP_PLUGIN_FACTORY_ID, CLAP_VERSION, PluginDescriptor, Wrapper, clap_host, clap_plugin,
    clap_plugin_descriptor, clap_plugin_entry, clap_plugin_factory,
};
use nice_plug::wrapper::setup_logger;

use crate::Hamiltone;
use crate::params::LARGEST_STATE;

/// What hosts look for in the library.
#[unsafe(no_mangle)] // SAFETY: nothing else in the library has this name
#[used]
#[allow(non_upper_case_globals, reason = "the name is CLAP's")]
static clap_entry: clap_plugin_entry = clap_plugin_entry {
    clap_version: CLAP_VERSION,
    init: Some(init),
    deinit: Some(deinit),
    get_factory: Some(get_factory),
};

static FACTORY: clap_plugin_factory = clap_plugin_factory {
    get_plugin_count: Some(get_plugin_count),
    get_plugin_descriptor: Some(get_plugin_descriptor),
    create_plugin: Some(create_plugin),
};

static DESCRIPTOR: LazyLock<PluginDescriptor> =
    LazyLock::new(PluginDescriptor::for_plugin::<Hamiltone>);

extern "C" fn init(_path: *const c_char) -> bool {
    setup_logger::<Hamiltone>();
    true
}

extern "C" fn deinit() {}

extern "C" fn get_factory(id: *const c_char) -> *const c_void {
    // SAFETY: an id that is not null is a string.
    if !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_PLUGIN_FACTORY_ID {
        (&raw const FACTORY).cast()
    } else {
        std::ptr::null()
    }
}

unsafe extern "C" fn get_plugin_count(_factory: *const clap_plugin_factory) -> u32 {
    1
}

unsafe extern "C" fn get_plugin_descriptor(
    _factory: *const clap_plugin_factory,
    index: u32,
) -> *const clap_plugin_descriptor {
    match index {
        0 => DESCRIPTOR.clap_plugin_descriptor(),
        _ => std::ptr::null(),
    }
}

type GetExtension = unsafe extern "C" fn(*const clap_plugin, *const c_char) -> *const c_void;

/// nice-plug's own, which is the same for all instances.
static GET_EXTENSION: OnceLock<GetExtension> = OnceLock::new();

unsafe extern "C" fn create_plugin(
    _factory: *const clap_plugin_factory,
    host: *const clap_host,
    id: *const c_char,
) -> *const clap_plugin {
    // SAFETY: an id that is not null is a string.
    if id.is_null() || unsafe { CStr::from_ptr(id) } != DESCRIPTOR.clap_id() {
        return std::ptr::null();
    }
    // nice-plug takes this reference back when the host destroys the plugin.
    // SAFETY: the host's own pointer, which is valid until then.
    let wrapper = Arc::into_raw(unsafe { Wrapper::<Hamiltone>::new(host) });
    // SAFETY: the wrapper was just made and lives, and nobody else knows it yet.
    unsafe {
        let plugin = (*wrapper).clap_plugin.as_ptr();
        if let Some(own) = (*plugin).get_extension {
            GET_EXTENSION.get_or_init(|| own);
            (*plugin).get_extension = Some(get_extension);
        }
        plugin
    }
}

unsafe extern "C" fn get_extension(plugin: *const clap_plugin, id: *const c_char) -> *const c_void {
    static STATE: clap_plugin_state = clap_plugin_state {
        save: Some(save),
        load: Some(load),
    };
    // SAFETY: an id that is not null is a string.
    if !id.is_null() && unsafe { CStr::from_ptr(id) } == CLAP_EXT_STATE {
        return (&raw const STATE).cast();
    }
    match GET_EXTENSION.get() {
        // SAFETY: the host's arguments, passed on as they are.
        Some(own) => unsafe { own(plugin, id) },
        None => std::ptr::null(),
    }
}

/// nice-plug's own state extension.
fn own_state(plugin: *const clap_plugin) -> Option<clap_plugin_state> {
    let own = GET_EXTENSION.get()?;
    // SAFETY: `plugin` is one of ours, and what is found is null or nice-plug's own state extension, which lives as
    // long as the plugin.
    unsafe {
        let state = own(plugin, CLAP_EXT_STATE.as_ptr()).cast::<clap_plugin_state>();
        state.as_ref().copied()
    }
}

unsafe extern "C" fn save(plugin: *const clap_plugin, stream: *const clap_ostream) -> bool {
    let save = own_state(plugin).and_then(|state| state.save);
    // SAFETY: the host's arguments, passed on as they are.
    save.is_some_and(|save| unsafe { save(plugin, stream) })
}

unsafe extern "C" fn load(plugin: *const clap_plugin, stream: *const clap_istream) -> bool {
    let Some(load) = own_state(plugin).and_then(|state| state.load) else {
        return false;
    };
    // SAFETY: a stream that is not null is valid during this call.
    let Some(read) = (unsafe { stream.as_ref() }).and_then(|stream| stream.read) else {
        return false;
    };
    let mut length = [0u8; 8];
    let mut have = 0;
    while have < length.len() {
        let rest = &mut length[have..];
        // SAFETY: as many bytes as the buffer has are asked for.
        let count = unsafe { read(stream, rest.as_mut_ptr().cast(), rest.len() as u64) };
        match usize::try_from(count) {
            Ok(count @ 1..) => have += count.min(rest.len()),
            _ => return false, // an error, or the end
        }
    }
    if u64::from_le_bytes(length) > LARGEST_STATE {
        return false;
    }
    let mut whole = Replay {
        length,
        given: 0,
        stream,
        read,
    };
    let whole = clap_istream {
        ctx: (&raw mut whole).cast(),
        read: Some(replay),
    };
    // SAFETY: the host's plugin, and a stream that is valid during this call.
    unsafe { load(plugin, &whole) }
}

/// A stream from which the length was read already: returns it again, then the rest.
struct Replay {
    length: [u8; 8],
    given: usize,
    stream: *const clap_istream,
    read: unsafe extern "C" fn(*const clap_istream, *mut c_void, u64) -> i64,
}

unsafe extern "C" fn replay(stream: *const clap_istream, buffer: *mut c_void, size: u64) -> i64 {
    // SAFETY: the stream is the one that `load` made, whose context is a `Replay` that it holds.
    let replay = unsafe { &mut *(*stream).ctx.cast::<Replay>() };
    let rest = &replay.length[replay.given..];
    if rest.is_empty() {
        // SAFETY: the host's stream, and nice-plug's buffer of this size.
        return unsafe { (replay.read)(replay.stream, buffer, size) };
    }
    let count = rest.len().min(usize::try_from(size).unwrap_or(usize::MAX));
    // SAFETY: the buffer has `size` bytes, and both have `count`; they do not overlap.
    unsafe { std::ptr::copy_nonoverlapping(rest.as_ptr(), buffer.cast(), count) };
    replay.given += count;
    count as i64
}
