//! `serve`: from the command line to a server, and back when a signal ends it.

use std::sync::Arc;

use super::{Done, Progress, round, runtime};
use crate::args::Serve;
use crate::inventory::Inventory;
use crate::monitor::serve::{Look, Server, bind};
use crate::monitor::signals::Signals;
use crate::monitor::walker::Walker;
use crate::platform;
use crate::render::words::count;
use crate::world::World;

/// Targets that are named because they cannot be walked. Each may have taken seconds to find.
const MOST_WARNINGS: usize = 20;

/// Serves until SIGTERM or SIGINT.
///
/// # Errors
///
/// What is wrong with the inventory, or why nothing can be listened on.
pub(super) fn serve(arguments: &Serve, progress: &dyn Fn(Progress<'_>)) -> Result<Done, String> {
    let inventory = round::inventory(&arguments.config)?;
    let mut settings = inventory.serve.clone();
    settings.listen = arguments.listen.unwrap_or(settings.listen);
    let say = |line: &str| progress(Progress::Trouble(&format!("aoai-probe: {line}")));
    platform::open_files();
    lacking(&inventory).iter().for_each(|warning| say(warning));
    let targets = count(inventory.entries.len() as u64, "target");
    let look: Look = Arc::new(World::of_this_machine);
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let listener = bind(settings.listen)
            .map_err(|e| format!("--listen {}: {}", settings.listen, crate::wire::words(&e)))?;
        let mut signals = Signals::new().map_err(|e| crate::wire::words(&e))?;
        let server = Server::start(inventory, &settings, look)?;
        let at = listener.local_addr().unwrap_or(settings.listen);
        say(&format!("serves {targets} at http://{at}/"));
        let next = async || signals.next().await;
        let file = arguments.config.clone();
        let reload = move || {
            let inventory = round::inventory_again(&file)?;
            let warnings = lacking(&inventory);
            Ok((inventory, warnings))
        };
        server.run(listener, next, reload, say).await;
        Ok(())
    });
    // A lookup that still blocks must not hold the process.
    runtime.shutdown_background();
    ended.map(|()| Done::default())
}

/// What a file or a credential lacks today may be there tomorrow: it is said, and no reason to
/// let the other targets go unprobed.
fn lacking(inventory: &Inventory) -> Vec<String> {
    let walker = Walker::new(World::of_this_machine);
    let says = inventory.entries.iter().filter_map(|entry| {
        let says = walker.prepare(entry).err()?;
        Some(format!("warning: line {}: {}: {says}", entry.line, entry.name))
    });
    says.take(MOST_WARNINGS).collect()
}
