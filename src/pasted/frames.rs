//! The frames that mails and terminals put around the lines of a text, and the lines that they break.

/// What Terraform and other programs draw beside a message.
const BARS: [char; 2] = ['\u{2502}', '\u{2503}'];

/// Characters of a line of a terminal, at least.
const NARROWEST: usize = 60;

/// The text without the marks of a quotation, where each of its lines has one, and without the bars beside
/// its lines.
pub(super) fn without_frames(text: &str) -> String {
    if let Some(whole) = without_breaks(text) {
        return whole;
    }
    let mut lines = text.lines().map(str::trim).filter(|line| !line.is_empty()).peekable();
    let is_quotation = lines.peek().is_some() && lines.all(|line| line.starts_with('>'));
    if !is_quotation && !text.contains(BARS) {
        return text.to_owned();
    }
    let plain = |line: &str| match line.trim_start().strip_prefix('>').filter(|_| is_quotation) {
        Some(rest) => rest.trim_start_matches(['>', ' ']).to_owned(),
        None if line.trim_start().starts_with(BARS) => {
            line.trim().trim_matches(BARS).trim_end().to_owned()
        }
        None => line.to_owned(),
    };
    text.lines().map(|line| plain(line) + "\n").collect()
}

/// A text that a terminal broke at its width, in the middle of words: each line but the last is as long, and
/// a brace is open at the end of the first that a later one closes.
fn without_breaks(text: &str) -> Option<String> {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    let (last, all) = lines.split_last()?;
    let width = all.first()?.chars().count();
    let is_broken = width >= NARROWEST && all.iter().all(|line| line.chars().count() == width);
    let open = |text: &str| text.matches('{').count() > text.matches('}').count();
    let whole = lines.concat();
    let fits = is_broken && last.chars().count() < width && open(all[0]) && !open(&whole);
    fits.then_some(whole)
}
