//! What a host does when a defect of the plugin or of its framework would end or blind it, for
//! `tests/framework.rs`: each in a process of its own.
//!
//! - `host-probe automate VST3 COUNT [WAIT_MS]`: COUNT instances, one after the other, get 20 blocks with
//!   5 parameter changes each on an audio thread and are released: WAIT_MS after blocks in real time, else
//!   at once after blocks at full speed. `automate-active` does not deactivate them before.
//! - `host-probe automate-open VST3 RUN_LOOP`: two instances are automated while their panel opens and
//!   closes five times.
//! - `host-probe reopen VST3 COUNT [keep]`: opens and closes the panel of one instance, and prints how
//!   many descriptors and event handlers are left. With `keep` the host does not take its frame back.
//! - `host-probe exhausted VST3 FREE`: opens the panel with FREE descriptors left, then with all of them.
//! - `host-probe late-vst3 VST3 MS PICTURE`: puts the panel into a window that is shown MS milliseconds
//!   later, and takes a picture of it.
//! - `host-probe late-clap CLAP MS PICTURE`: the same with a panel that is itself told to show MS
//!   milliseconds later. `late-again-clap` hides and shows it once more before the picture.
//!
//! - `host-probe scaled-vst3 VST3 FACTOR` and `scaled-clap`: asks for the size, tells the scale factor, and prints the
//!   sizes before and after.
//!
//! - `host-probe disorder VST3`: sets up, activates and processes in wrong orders. Prints the results.
//! - `host-probe unruly CLAP SEED SECONDS`: several threads do what a host should not, at random: see `unruly.rs`.
//!
//! VST3 and CLAP are bundles or libraries; RUN_LOOP is offered, full or missing. Panels need DISPLAY.

#[cfg(unix)]
mod automation;
#[cfg(unix)]
mod disorder;
#[cfg(unix)]
mod panels;
#[cfg(unix)]
mod unruly;

#[cfg(unix)]
fn main() -> anyhow::Result<()> {
    use std::path::Path;

    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match arguments[..] {
        ["automate", file, count] => {
            automation::released(Path::new(file), count.parse()?, None, true)?;
        }
        ["automate", file, count, wait] => {
            let wait = Some(milliseconds(wait)?);
            automation::released(Path::new(file), count.parse()?, wait, true)?;
        }
        ["automate-active", file, count] => {
            automation::released(Path::new(file), count.parse()?, None, false)?;
        }
        ["automate-open", file, run_loop] => {
            automation::opened(Path::new(file), run_loop.parse()?)?
        }
        ["reopen", file, count] => panels::reopen(Path::new(file), count.parse()?, true)?,
        ["reopen", file, count, "keep"] => panels::reopen(Path::new(file), count.parse()?, false)?,
        ["scaled-vst3", file, factor] => panels::scaled_vst3(Path::new(file), factor.parse()?)?,
        ["scaled-clap", file, factor] => panels::scaled_clap(Path::new(file), factor.parse()?)?,
        ["disorder", file] => disorder::run(Path::new(file))?,
        ["unruly", file, seed, seconds] => {
            unruly::run(Path::new(file), seed.parse()?, seconds.parse()?)?;
        }
        ["exhausted", file, free] => panels::exhausted(Path::new(file), free.parse()?)?,
        ["late-vst3", file, wait, picture] => {
            panels::late_vst3(Path::new(file), milliseconds(wait)?, Path::new(picture))?;
        }
        ["late-clap", file, wait, picture] => {
            panels::late_clap(
                Path::new(file),
                milliseconds(wait)?,
                Path::new(picture),
                false,
            )?;
        }
        ["late-again-clap", file, wait, picture] => {
            panels::late_clap(
                Path::new(file),
                milliseconds(wait)?,
                Path::new(picture),
                true,
            )?;
        }
        _ => anyhow::bail!("what to do is described at the top of host_probe/main.rs"),
    }
    println!("done");
    Ok(())
}

#[cfg(unix)]
fn milliseconds(text: &str) -> anyhow::Result<std::time::Duration> {
    Ok(std::time::Duration::from_millis(text.parse()?))
}

#[cfg(not(unix))]
fn main() {}
