//! Whether the desktop has file dialogs at all. Without any, opening one takes seconds and fails silently.

#[cfg(all(unix, not(target_os = "macos")))]
pub(super) use portal::has_dialogs;

/// Always: these systems have them.
#[cfg(not(all(unix, not(target_os = "macos"))))]
pub(super) fn has_dialogs() -> bool {
    true
}

/// What `rfd` needs: a session bus with the XDG desktop portal on it, or zenity.
#[cfg(all(unix, not(target_os = "macos")))]
mod portal {
    use std::env;
    use std::ffi::OsString;
    use std::path::{Path, PathBuf};

    /// The portal's entry among the services that a bus can start.
    const PORTAL: &str = "dbus-1/services/org.freedesktop.portal.Desktop.service";

    /// Looks at the environment and a few file names. Does not ask the bus.
    pub(in super::super) fn has_dialogs() -> bool {
        // In a sandbox the portal is outside, where we cannot see it.
        let sandboxed = Path::new("/.flatpak-info").exists() || env::var_os("SNAP").is_some();
        sandboxed || offers_dialogs(|name| env::var_os(name).filter(|value| !value.is_empty()))
    }

    fn offers_dialogs(variable: impl Fn(&str) -> Option<OsString>) -> bool {
        let listed = |name: &str, default: &str| -> Vec<PathBuf> {
            env::split_paths(&variable(name).unwrap_or_else(|| default.into())).collect()
        };
        let has_zenity = || listed("PATH", "").iter().any(|f| f.join("zenity").exists());
        let has_bus = || {
            variable("DBUS_SESSION_BUS_ADDRESS").is_some()
                || variable("XDG_RUNTIME_DIR").is_some_and(|f| Path::new(&f).join("bus").exists())
        };
        let has_portal = || {
            let home = variable("HOME").map(|home| Path::new(&home).join(".local/share"));
            let own = variable("XDG_DATA_HOME").map(PathBuf::from).or(home);
            let shared = listed("XDG_DATA_DIRS", "/usr/local/share:/usr/share");
            shared.iter().chain(&own).any(|f| f.join(PORTAL).exists())
        };
        has_zenity() || (has_bus() && has_portal())
    }

    #[cfg(test)]
    mod tests {
        use super::*;

        #[test]
        fn dialogs_need_zenity_or_a_bus_with_a_portal() {
            let folder = tempfile::tempdir().unwrap();
            let path = |name: &str| folder.path().join(name);
            for name in ["bin", "run", "share/dbus-1/services"] {
                std::fs::create_dir_all(path(name)).unwrap();
            }
            let offers = || {
                offers_dialogs(|name| {
                    let name = match name {
                        "PATH" => "bin",
                        "XDG_RUNTIME_DIR" => "run",
                        "XDG_DATA_DIRS" => "share",
                        _ => return None,
                    };
                    Some(path(name).into())
                })
            };
            let make = |name: &str| std::fs::write(path(name), "").unwrap();
            assert!(!offers(), "nothing is there");
            make("run/bus");
            assert!(!offers(), "a bus without a portal");
            make(&format!("share/{PORTAL}"));
            assert!(offers());
            std::fs::remove_file(path("run/bus")).unwrap();
            assert!(!offers(), "a portal without a bus");
            make("bin/zenity");
            assert!(offers());
        }
    }
}
