//! What every question needs: the reader, the scope, and what the walk met.

use futures_util::future::join_all;
use serde_json::Value;

use super::Scope;
use super::joined::understood;
use super::met::{Met, push_all};
use crate::azure::Reader;
use crate::azure::allowed::Row;
use crate::azure::resources::own_id;
use crate::evidence::Evidence;
use crate::evidence::azure::{Answer, ResourceId};
use crate::services::{self, Kind};

/// What every question needs.
pub(super) struct Questions<'r, 'a> {
    pub(super) reader: &'r Reader<'a>,
    pub(super) scope: &'r Scope,
    pub(super) met: Met,
    /// The subscriptions that queries ask in; none for all that are visible.
    within: Vec<String>,
}

impl<'r, 'a> Questions<'r, 'a> {
    pub(super) fn new(reader: &'r Reader<'a>, evidence: &Evidence, scope: &'r Scope) -> Self {
        let within = scope.subscription.clone().into_iter().collect();
        Self { reader, scope, met: Met::of(evidence), within }
    }

    /// Whether something is asked: the walk leaves it open, or this is an audit.
    pub(super) const fn wants(&self, open: bool) -> bool {
        open || self.scope.audit
    }

    /// The names of the zones that are asked for: of an account that is given by its id alone, the
    /// private zones of every service that has such accounts.
    pub(super) fn zones(&self) -> Vec<String> {
        let mut zones = self.met.zones();
        if self.met.account.is_none() && self.scope.account.is_some() {
            let accounts = services::all().filter(|service| service.kind == Kind::Account);
            let all = accounts.flat_map(|service| service.endpoints).map(|one| one.zone.to_owned());
            push_all(&mut zones, all);
        }
        zones
    }

    /// The rows of a query; not asked where there is none.
    pub(super) async fn graph(
        &self,
        question: &'static str,
        query: Option<String>,
    ) -> Answer<Vec<Value>> {
        match query {
            Some(query) => self.reader.graph(question, &query, &self.within).await,
            None => Answer::NotAsked,
        }
    }

    /// One resource, as `read` has it; an answer about another resource is none.
    pub(super) async fn get<T>(
        &self,
        row: &'static Row,
        id: &ResourceId,
        read: fn(&Value) -> Option<T>,
    ) -> Answer<T> {
        let answer = self.reader.get(row, id).await;
        understood(answer, |value| {
            let below = ResourceId::parse(&format!("{id}{}", row.below));
            let is_other = own_id(value).is_some_and(|own| own != *id && Some(own) != below);
            if is_other { None } else { read(value) }
        })
    }

    /// Several resources at the same time, in their order.
    pub(super) async fn get_all<T>(
        &self,
        row: &'static Row,
        ids: &[ResourceId],
        read: fn(&Value) -> Option<T>,
    ) -> Vec<Answer<T>> {
        join_all(ids.iter().map(|id| self.get(row, id, read))).await
    }
}
