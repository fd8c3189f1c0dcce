//! The lines of one question, made one lookup.

use std::net::IpAddr;

use crate::diagnose::pasted::{Lookup, Shown};
use crate::evidence::dns::{Rcode, Record, RecordType, Soa, is_privatelink};

use super::line::{Line, address, host};

/// Records and names of one answer that are kept.
const MOST: usize = 64;

/// The lines of one question so far.
#[derive(Default)]
pub(super) struct Block {
    asked: Option<String>,
    server: Option<IpAddr>,
    /// The next address is that of the server.
    is_of_server: bool,
    name: Option<String>,
    /// Addresses before any name.
    addresses: Vec<IpAddr>,
    aliases: Vec<String>,
    records: Vec<Record>,
    soa: Option<Soa>,
    rcode: Option<Rcode>,
    is_silent: bool,
    /// The server closed the connection of the lookup.
    is_closed: bool,
    /// How the tool's second question failed.
    second: Option<Rcode>,
    /// Something in it is of a tool, and of no configuration with names and addresses.
    is_of_tool: bool,
    /// The lines are a client's, which shows no aliases.
    is_by_client: bool,
    hides_aliases: bool,
    is_whole: bool,
    is_for_others: bool,
    computer: Option<String>,
    /// Which list the next lines go on with.
    list: List,
}

#[derive(Default, PartialEq, Clone, Copy)]
enum List {
    #[default]
    None,
    Addresses,
    Aliases,
}

impl Block {
    /// Whether lines that are one name or address go on with a list.
    pub(super) fn continues(&self) -> bool {
        self.list != List::None
    }

    /// The name that was asked for, where nothing has answered yet.
    pub(super) fn open_question(&self) -> Option<&str> {
        self.asked.as_deref().filter(|_| !self.has_answer())
    }

    fn has_answer(&self) -> bool {
        self.name.is_some() || !self.records.is_empty() || self.rcode.is_some()
    }

    /// Whether a line is of the next question.
    pub(super) fn ends_before(&self, line: &Line) -> bool {
        match line {
            Line::Asked { .. } => self.has_answer() || self.is_silent,
            // dig names its server last.
            Line::Server(_) => self.has_answer() && !self.is_whole,
            Line::Header(_) => self.has_answer(),
            Line::Question { .. } => self.has_answer() && !self.is_whole,
            Line::Computer(_) => true,
            _ => false,
        }
    }

    pub(super) fn add(&mut self, line: Line) {
        let list = std::mem::take(&mut self.list);
        self.is_of_tool |= line.is_of_tool();
        match line {
            Line::Asked { name, server, is_short, is_for_others } => {
                self.is_for_others |= is_for_others;
                if is_short {
                    self.aliases.push(name.clone());
                    self.list = List::Aliases;
                }
                self.asked = Some(name);
                self.server = server.or(self.server);
            }
            Line::Question { name, is_for_others } => {
                self.asked = self.asked.take().or(name);
                self.is_for_others = is_for_others;
            }
            Line::Server(server) => {
                self.server = server.or(self.server);
                self.is_of_server = !self.is_whole;
            }
            Line::Address(address) if self.is_of_server => {
                self.server = Some(address);
                self.is_of_server = false;
                self.is_of_tool = true;
            }
            Line::Numbered(address) if self.is_of_server => {
                self.server = Some(address);
                self.is_of_server = false;
            }
            Line::Numbered(address) => {
                self.is_by_client = true;
                self.add_address(address);
            }
            Line::Address(address) => {
                self.add_address(address);
                self.list = List::Addresses;
            }
            Line::Name(name) => {
                self.is_of_server = false;
                self.name = Some(name);
            }
            Line::Alias(name) => {
                self.aliases.extend(name);
                self.list = List::Aliases;
            }
            Line::More(text) => {
                match (list, address(&text), host(&text)) {
                    (List::Aliases, _, Some(name)) if self.aliases.len() < MOST => {
                        self.aliases.push(name);
                    }
                    (_, Some(address), _) => self.add_address(address),
                    _ => {}
                }
                self.list = if list == List::None { List::Addresses } else { list };
            }
            Line::NameHost(target) => {
                if let Some(name) = self.name.clone() {
                    self.add_record(name, RecordType::Cname, target);
                }
            }
            Line::Record(record) => {
                self.is_of_server = false;
                self.push(record);
            }
            Line::Zone(soa) => self.soa = Some(soa),
            Line::PrimaryServer(mname) => {
                let zone = self.name.take().unwrap_or_default();
                self.soa = Some(Soa { zone, mname, rname: String::new(), serial: 0 });
            }
            Line::Header(rcode) => {
                self.rcode = Some(rcode);
                self.is_whole = true;
            }
            // nslookup asks for IPv6 addresses where the first question got others.
            Line::Failed { name: Some(name), rcode, .. } if self.has_address_of(&name) => {
                self.second = Some(rcode);
            }
            Line::Failed { name, rcode, hides_aliases } => {
                self.asked = self.asked.take().or(name);
                self.rcode = Some(rcode);
                self.hides_aliases = hides_aliases;
            }
            Line::Silent { name, is_closed } => {
                self.asked = self.asked.take().or(name);
                self.is_silent = true;
                self.is_closed |= is_closed;
            }
            Line::Computer(name) => self.computer = Some(name),
            Line::Remote(address) => {
                if let Some(name) = self.computer.take() {
                    self.is_by_client = true;
                    self.name = Some(name);
                    self.add_address(address);
                }
            }
            Line::Connected(..) | Line::Other => {}
        }
    }

    /// Whether an address of a name is shown already.
    fn has_address_of(&self, name: &str) -> bool {
        let is_it = |record: &Record| record.kind == RecordType::A && record.name == name;
        self.records.iter().any(is_it)
    }

    fn add_address(&mut self, address: IpAddr) {
        let Some(name) = self.name.clone() else { return self.addresses.push(address) };
        let kind = if address.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
        self.add_record(name, kind, address.to_string());
    }

    fn add_record(&mut self, name: String, kind: RecordType, data: String) {
        self.push(Record { name, kind, ttl: 0, data });
    }

    fn push(&mut self, record: Record) {
        if self.records.len() < MOST {
            self.records.push(record);
        }
    }

    /// The lookup that the lines are of.
    pub(super) fn lookup(mut self) -> Option<Lookup> {
        let is_list = !self.aliases.is_empty();
        self.join_aliases();
        let answered = self.rcode.is_some() || !self.records.is_empty();
        let is_silent = self.is_silent && self.asked.is_some();
        if !(self.is_of_tool && (answered || is_silent)) {
            return None;
        }
        let first = self.records.first().map(|record| record.name.clone());
        let is_owner = |name: &String| self.records.iter().any(|r| r.name == *name);
        let name = match self.asked.take() {
            Some(asked) if is_owner(&asked) || first.is_none() => asked,
            Some(asked) if first.as_deref().is_some_and(|name| is_endpoint_of(name, &asked)) => {
                asked
            }
            _ => first?,
        };
        self.join_addresses(&name);
        if !self.leads_on(&name) {
            return None;
        }
        // A name that does not exist has no records of any kind (RFC 8020).
        let exists = self.rcode != Some(Rcode::NxDomain);
        let has_address = self.records.iter().any(|record| record.kind != RecordType::Cname);
        // Aliases without a code are the whole answer to a question for them.
        let shows_end = self.rcode.is_some() || self.soa.is_some() || is_list;
        let is_of_others = exists && !has_address && (self.is_for_others || !shows_end);
        let shown = match self.rcode {
            _ if self.is_closed && !answered => Shown::Closed,
            _ if is_of_others && answered => Shown::Others,
            _ if self.is_whole || self.soa.is_some() => Shown::Whole,
            _ if self.is_by_client => Shown::Addresses,
            _ if self.hides_aliases && self.records.is_empty() => Shown::Code,
            None if is_list => Shown::Names,
            _ => Shown::Answer,
        };
        Some(Lookup {
            name,
            server: self.server,
            rcode: answered.then(|| self.rcode.unwrap_or(Rcode::NoError)),
            records: self.records,
            soa: self.soa,
            shown,
            second: self.second,
        })
    }

    /// The names that lead to that of the addresses, as records: nslookup of Windows lists them apart.
    fn join_aliases(&mut self) {
        let mut names = std::mem::take(&mut self.aliases);
        if names.is_empty() {
            return;
        }
        if let Some(at) = names.iter().position(|name| Some(name) == self.asked.as_ref()) {
            names[..=at].rotate_right(1);
        }
        if let Some(name) = &self.name {
            names.retain(|alias| alias != name);
            // The name is that of the addresses, or the one that was asked for.
            let is_asked = self.asked.as_ref() == Some(name);
            names.insert(if is_asked { 0 } else { names.len() }, name.clone());
            for record in self.records.iter_mut().filter(|record| is_asked && &record.name == name)
            {
                record.name.clone_from(&names[names.len() - 1]);
            }
        }
        let pairs = names.windows(2).map(|pair| cname(&pair[0], &pair[1]));
        let mut records: Vec<Record> = pairs.collect();
        records.append(&mut self.records);
        self.records = records;
        // The line with the name may be cut off.
        self.name = names.pop();
        for address in std::mem::take(&mut self.addresses) {
            self.add_address(address);
        }
    }

    /// Whether the name leads to the addresses that are shown, if any are.
    fn leads_on(&self, name: &str) -> bool {
        let is_address = |record: &&Record| record.kind != RecordType::Cname;
        let mut at = name;
        // Each record at most once: the text may have a loop.
        for _ in &self.records {
            let alias = |r: &&Record| r.kind == RecordType::Cname && r.name == at;
            let Some(next) = self.records.iter().find(alias) else { break };
            at = &next.data;
        }
        let mut addresses = self.records.iter().filter(is_address).peekable();
        addresses.peek().is_none() || addresses.any(|record| record.name == at)
    }

    /// Where aliases in between are cut off, what is asked for leads to the addresses that are shown.
    fn join_addresses(&mut self, name: &str) {
        if let Some(first) = self.records.first().map(|record| record.name.clone())
            && self.records.iter().all(|record| record.name != name)
            && is_endpoint_of(&first, name)
        {
            self.records.insert(0, cname(name, &first));
        }
        let is_address = |record: &&Record| record.kind != RecordType::Cname;
        let Some(end) = self.records.iter().find(is_address).map(|r| r.name.clone()) else {
            return;
        };
        let mut at = name.to_owned();
        for record in &self.records {
            if record.kind == RecordType::Cname && record.name == at {
                at.clone_from(&record.data);
            }
        }
        if at != name && at != end && !self.records.iter().any(|r| r.name == at) {
            self.records.insert(0, cname(&at, &end));
        }
    }
}

/// Whether a name is that of a private endpoint of what another name is of.
fn is_endpoint_of(endpoint: &str, name: &str) -> bool {
    let label = |name: &str| name.split('.').next().map(str::to_owned);
    is_privatelink(endpoint) && label(endpoint) == label(name)
}

fn cname(name: &str, target: &str) -> Record {
    Record { name: name.to_owned(), kind: RecordType::Cname, ttl: 0, data: target.to_owned() }
}

/// What a client tried, as a lookup.
pub(super) fn connected(name: String, address: IpAddr) -> Lookup {
    let kind = if address.is_ipv4() { RecordType::A } else { RecordType::Aaaa };
    let record = Record { name: name.clone(), kind, ttl: 0, data: address.to_string() };
    Lookup {
        name,
        server: None,
        rcode: Some(Rcode::NoError),
        records: vec![record],
        soa: None,
        shown: Shown::Addresses,
        second: None,
    }
}
