//! Resolvers of other clouds, which need a rule that forwards the suffix to Azure.

use super::Advice::{Look, Shared};
use super::Profile;
use super::shared::*;
use crate::diagnose::resolver_class::ResolverClass::*;

/// The rows of other clouds.
pub(super) const PROFILES: &[Profile] = &[
    Profile {
        class: AmazonVpc,
        owner: "DNS",
        noun: "the resolver of an Amazon VPC",
        place: Some("in the rules of the Route 53 Resolver that are associated with this VPC"),
        look: &[AMAZON_RULES],
        runs: &[Look(
            "see whether DNS support is enabled for the VPC (enableDnsSupport)",
            Some("aws ec2 describe-vpc-attribute --vpc-id <vpc> --attribute enableDnsSupport"),
        )],
        why_public: &[
            "{r} resolves it on the internet: no rule of that cloud forwards {suffix} to Azure",
        ],
        see_private: &[
            AMAZON_RULES,
            INBOUND,
            Shared(
                "forward {suffix} to that inbound endpoint over the tunnel between the clouds: a \
                 Route 53 Resolver rule of type FORWARD through an outbound endpoint, associated \
                 with this VPC (Terraform: aws_route53_resolver_rule)",
                WHOLE_SUFFIX,
                None,
                "disassociate the rule from the VPC and delete it",
            ),
            LINK_FORWARDED,
        ],
    },
    Profile {
        class: GoogleCloud,
        owner: "DNS",
        noun: "the resolver of a network of Google Cloud",
        place: Some("in the forwarding zones and DNS server policies of this network in Cloud DNS"),
        look: &[GOOGLE_ZONES],
        runs: &[GOOGLE_ZONES],
        why_public: &[
            "{r} resolves it on the internet: no rule of that cloud forwards {suffix} to Azure",
        ],
        see_private: &[
            GOOGLE_ZONES,
            INBOUND,
            Shared(
                "forward {suffix} to that inbound endpoint over the tunnel between the clouds: a \
                 private forwarding zone of Cloud DNS that this network sees, with private \
                 routing; the endpoint must have a route back to 35.199.192.0/19 (Terraform: \
                 google_dns_managed_zone)",
                WHOLE_SUFFIX,
                None,
                "delete the forwarding zone",
            ),
            LINK_FORWARDED,
        ],
    },
    Profile {
        class: OracleCloud,
        owner: "DNS",
        noun: "the resolver of a virtual cloud network of Oracle Cloud",
        place: Some("in the rules of the private resolver of this virtual cloud network"),
        look: &[ORACLE_RULES],
        runs: &[ORACLE_RULES],
        why_public: &[
            "{r} resolves it on the internet: no rule of that cloud forwards {suffix} to Azure",
        ],
        see_private: &[
            ORACLE_RULES,
            INBOUND,
            Shared(
                "forward {suffix} to that inbound endpoint over the tunnel between the clouds: a \
                 rule of the network's private resolver, through a forwarding endpoint (Terraform: \
                 oci_dns_resolver)",
                WHOLE_SUFFIX,
                None,
                "delete the rule",
            ),
            LINK_FORWARDED,
        ],
    },
    Profile {
        class: OtherCloud,
        owner: "DNS",
        noun: "the resolver of another cloud",
        place: Some("in the forwarding rules of that cloud's resolver"),
        look: &[],
        runs: &[Look("see whether that network's resolver is enabled", None)],
        why_public: &[
            "{r} resolves it on the internet: no rule of that cloud forwards {suffix} to Azure",
        ],
        see_private: &[
            INBOUND,
            Shared(
                "forward {suffix} to that inbound endpoint over the tunnel between the clouds, \
                 with the forwarding rules of that cloud's DNS",
                WHOLE_SUFFIX,
                None,
                "delete the rule",
            ),
            LINK_FORWARDED,
        ],
    },
];
