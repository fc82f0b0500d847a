//! Mappings that need no file: the formats that web servers write without being asked, and two JSON formats.
//!
//! Each is an ordinary mapping in TOML that can be printed and changed.

/// A mapping that is built in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NamedMapping {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it is for, in a few words.
    pub about: &'static str,
    /// The mapping.
    pub toml: &'static str,
}

const ALL: [NamedMapping; 5] = [
    NamedMapping {
        name: "combined",
        about: "access logs of nginx and Apache, combined format",
        toml: include_str!("built_in/combined.toml"),
    },
    NamedMapping {
        name: "common",
        about: "access logs of Apache, common format",
        toml: include_str!("built_in/common.toml"),
    },
    NamedMapping {
        name: "nginx_json",
        about: "JSON lines of nginx, by the log_format in its head",
        toml: include_str!("built_in/nginx_json.toml"),
    },
    NamedMapping {
        name: "envoy_json",
        about: "JSON lines of Envoy, by the json_format in its head",
        toml: include_str!("built_in/envoy_json.toml"),
    },
    NamedMapping {
        name: "cloudevents",
        about: "CloudEvents 1.0, one JSON object a line, as they are exported",
        toml: include_str!("built_in/cloudevents.toml"),
    },
];

/// The names of all of them.
pub const NAMES: [&str; 5] = ["combined", "common", "nginx_json", "envoy_json", "cloudevents"];

/// The mapping of this name.
pub fn built_in(name: &str) -> Option<NamedMapping> {
    ALL.into_iter().find(|mapping| mapping.name == name)
}

#[cfg(test)]
mod tests {
    use super::{ALL, NAMES, built_in};
    use crate::Mapping;

    #[test]
    fn each_is_a_valid_mapping_and_is_found_by_its_name() {
        assert_eq!(ALL.map(|mapping| mapping.name), NAMES);
        for mapping in ALL {
            assert_eq!(built_in(mapping.name), Some(mapping));
            if let Err(problems) = Mapping::from_toml(mapping.toml) {
                panic!("{}: {}", mapping.name, problems.first().unwrap());
            }
        }
    }
}
