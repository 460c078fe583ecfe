//! The bundled CLAP in a host.

mod hostile_state;
mod models;
mod outputs;
mod pass_through;
mod state;
mod strangers;
mod tags;
mod takes;

use hamiltone_tests::host::Plugin;
use hamiltone_tests::places;

fn open() -> Plugin {
    Plugin::open(&places::clap_bundle().unwrap()).unwrap()
}
