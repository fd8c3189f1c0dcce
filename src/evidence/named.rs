//! Open sets of names that registries assign (IANA): known values are variants, any other is kept
//! by its name, and reports contain the names.

/// An enum of such a set, from its name to each variant: `"NOERROR" => NoError`.
macro_rules! named {
    (
        $(#[$about:meta])*
        $type:ident {
            $($(#[$doc:meta])* $name:literal => $variant:ident,)+
        }
    ) => {
        $(#[$about])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
        #[derive(serde::Serialize, serde::Deserialize)]
        #[serde(from = "String", into = "String")]
        pub enum $type {
            $($(#[$doc])* $variant,)+
            /// Any other, by its name.
            Other(String),
        }

        impl $type {
            /// Its name, as reports have it.
            #[must_use]
            pub fn as_str(&self) -> &str {
                match self {
                    $(Self::$variant => $name,)+
                    Self::Other(name) => name,
                }
            }
        }

        impl From<String> for $type {
            fn from(name: String) -> Self {
                match name.as_str() {
                    $($name => Self::$variant,)+
                    _ => Self::Other(name),
                }
            }
        }

        impl From<$type> for String {
            fn from(value: $type) -> Self {
                value.as_str().to_owned()
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}
