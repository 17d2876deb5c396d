//! Users, and settings.

use std::sync::Arc;

use super::{Answer, Core, Error};
use crate::catalog::change::Change;
use crate::catalog::state::ROOT;
use crate::catalog::user::{User, Verifier};
use crate::config::Config;
use crate::ids::UserId;
use crate::leader::notice::Notice;
use crate::leader::request::Reply;

impl Core {
    pub(super) fn create_user(
        &mut self,
        name: String,
        if_not_exists: bool,
        password: Verifier,
    ) -> Answer {
        if self.head.users.contains_key(&name) {
            return match if_not_exists {
                true => Ok(Some(Reply::noted(&Error::UserExists(name)))),
                false => Err(Error::UserExists(name)),
            };
        }
        let mut changes = Vec::new();
        let id = UserId(self.numbers.ids(1, &self.head, &mut changes));
        let user = User { id, name, password };
        changes.push(Change::CreateUser { user });
        self.record(changes)?;
        Ok(Some(Reply::Done))
    }

    pub(super) fn set_password(&mut self, name: String, password: Verifier) -> Answer {
        if !self.head.users.contains_key(&name) {
            return Err(Error::UnknownUser(name));
        }
        self.record(vec![Change::SetPassword { name, password }])?;
        Ok(Some(Reply::Done))
    }

    pub(super) fn drop_user(&mut self, name: String, if_exists: bool) -> Answer {
        if name == ROOT {
            return Err(Error::DropRoot);
        }
        if !self.head.users.contains_key(&name) {
            return match if_exists {
                true => Ok(Some(Reply::noted(&Error::DropUnknownUser(name)))),
                false => Err(Error::DropUnknownUser(name)),
            };
        }
        self.record(vec![Change::DropUser { name }])?;
        Ok(Some(Reply::Done))
    }

    pub(super) fn set_config(&mut self, key: &str, value: &str, persistent: bool) -> Answer {
        let mut config = Config::clone(&self.config);
        let key = config.set(key, value)?.to_owned();
        let (old, new) = (shown(&self.config, &key), shown(&config, &key));
        if persistent {
            let (key, value) = (key.clone(), value.to_owned());
            self.record(vec![Change::SetConfig { key, value }])?;
        }
        self.config = Arc::new(config);
        self.say(Notice::Setting {
            key,
            old,
            new,
            persistent,
        });
        Ok(Some(Reply::Done))
    }
}

/// The value of a setting as it is shown.
fn shown(config: &Config, key: &str) -> String {
    let mut all = config.settings().into_iter();
    let found = all.find(|setting| setting.key == key);
    found.map(|setting| setting.value).unwrap_or_default()
}
