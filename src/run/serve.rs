//! `serve`, from the command line.

use std::sync::Arc;

use super::{Output, Progress, round, runtime};
use crate::args::Serve;
use crate::inventory::Inventory;
use crate::monitor::serve::{Server, WorldReader, bind};
use crate::monitor::signals::Signals;
use crate::monitor::walker::Walker;
use crate::platform;
use crate::render::text::count;
use crate::world::World;

/// Targets that are reported because they cannot be walked. Each may take seconds to check.
const MAX_WARNINGS: usize = 20;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
///
/// What is wrong with the inventory, or why the server cannot listen.
pub(super) fn serve(arguments: &Serve, progress: &dyn Fn(Progress<'_>)) -> Result<Output, String> {
    let inventory = round::inventory(&arguments.config)?;
    let mut settings = inventory.serve.clone();
    settings.listen = arguments.listen.unwrap_or(settings.listen);
    let say = |line: &str| progress(Progress::Trouble(&format!("aoai-probe: {line}")));
    platform::open_files();
    missing_inputs(&inventory).iter().for_each(|warning| say(warning));
    let targets = count(inventory.entries.len() as u64, "target");
    let reader: WorldReader = Arc::new(World::of_this_machine);
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let listener = bind(settings.listen)
            .map_err(|e| format!("--listen {}: {}", settings.listen, crate::wire::words(&e)))?;
        let mut signals = Signals::new().map_err(|e| crate::wire::words(&e))?;
        let server = Server::start(inventory, &settings, reader)?;
        let at = listener.local_addr().unwrap_or(settings.listen);
        say(&format!("serving {targets} at http://{at}/"));
        let next = async || signals.next().await;
        let file = arguments.config.clone();
        let reload = move || {
            let inventory = round::inventory_again(&file)?;
            let warnings = missing_inputs(&inventory);
            Ok((inventory, warnings))
        };
        server.run(listener, next, reload, say).await;
        Ok(())
    });
    // A lookup that still blocks must not delay the end of the process.
    runtime.shutdown_background();
    ended.map(|()| Output::default())
}

/// Warnings about missing files and credentials. They may appear later, and the other targets are
/// served meanwhile.
fn missing_inputs(inventory: &Inventory) -> Vec<String> {
    let walker = Walker::new(World::of_this_machine);
    let message = inventory.entries.iter().filter_map(|entry| {
        let message = walker.prepare(entry).err()?;
        Some(format!("warning: line {}: {}: {message}", entry.line, entry.name))
    });
    message.take(MAX_WARNINGS).collect()
}
