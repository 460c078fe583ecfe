//! Tells the linker that the library stays in memory once it is loaded.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    // nice-plug's background thread lives until the process ends (src/vst3_boundary/keeper.rs), and the
    // graphics driver keeps hooks for threads that drew. A host that unloads the library would pull the
    // code from under them.
    if std::env::var("CARGO_CFG_TARGET_OS").is_ok_and(|system| system == "linux") {
        println!("cargo::rustc-cdylib-link-arg=-Wl,-z,nodelete");
    }
}
