//! Container images without a container engine: built by buildah in chroots, and run in a chroot with a read-only root,
//! as the user and with the environment that the image itself names. buildah is unpacked from Debian's package.

use crate::lab::{self, run};
use crate::packages;
use color_eyre::eyre::{Result, WrapErr, eyre};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Raised when what is unpacked changes.
const BUILDAH: &str = "buildah-1";
const BASE: &str = "trixie-1";

/// A buildah with a store of its own, which goes with this value.
pub struct Builder {
    program: PathBuf,
    work: tempfile::TempDir,
}

/// What an image says of itself.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its root, mounted.
    pub root: PathBuf,
    /// `Config` of the image: user, environment, entry point, health check.
    pub config: Value,
}

impl Builder {
    /// Unpacks buildah, the first time, and takes the base image in.
    ///
    /// # Errors
    /// When the packages cannot be had, or we are not root.
    pub fn new() -> Result<Self> {
        let folder = lab::part(BUILDAH, |folder| {
            packages::unpack_alone(&["buildah", "libgpgme11", "patchelf"], folder)
        })?;
        // It starts itself again with an empty environment: only a path within the program itself holds.
        let program = folder.join("usr/bin/buildah");
        let libraries = folder.join(format!("usr/lib/{}-linux-gnu", std::env::consts::ARCH));
        run(Command::new(folder.join("usr/bin/patchelf"))
            .args(["--force-rpath", "--set-rpath"])
            .arg(&libraries)
            .arg(&program))?;
        let base =
            lab::part(BASE, |folder| packages::system("trixie", "minbase", &[], &folder.join("root")))?;
        let work = tempfile::tempdir()?;
        for (name, text) in [
            ("policy.json", "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}".to_owned()),
            ("registries.conf", "unqualified-search-registries = [\"docker.io\"]\n".to_owned()),
            ("containers.conf", String::new()),
            (
                "storage.conf",
                format!(
                    "[storage]\ndriver = \"vfs\"\ngraphroot = \"{0}/store\"\nrunroot = \"{0}/run\"\n",
                    work.path().display()
                ),
            ),
        ] {
            std::fs::write(work.path().join(name), text)?;
        }
        std::fs::create_dir(work.path().join("tmp"))?;
        let builder = Self { program, work };
        let container = builder.said(&["from", "scratch"])?;
        builder.said(&["add", "--quiet", &container, &base.join("root").display().to_string(), "/"])?;
        let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
        builder.said(&["config", "--cmd", "bash", "--env", path, &container])?;
        let policy = builder.file("policy.json");
        let base = "docker.io/library/debian:trixie-slim";
        builder.said(&["commit", "--quiet", "--signature-policy", &policy, "--rm", &container, base])?;
        Ok(builder)
    }

    fn file(&self, name: &str) -> String {
        self.work.path().join(name).display().to_string()
    }

    fn said(&self, arguments: &[&str]) -> Result<String> {
        let mut command = Command::new(&self.program);
        command
            .args(["--registries-conf", &self.file("registries.conf")])
            .args(arguments)
            .env("CONTAINERS_CONF", self.file("containers.conf"))
            .env("CONTAINERS_REGISTRIES_CONF", self.file("registries.conf"))
            .env("CONTAINERS_STORAGE_CONF", self.file("storage.conf"))
            .env("STORAGE_DRIVER", "vfs")
            .env("BUILDAH_ISOLATION", "chroot")
            .env("TMPDIR", self.file("tmp"));
        Ok(run(&mut command)?.trim().to_owned())
    }

    /// Builds the last stage of a recipe, with `built` in the place of the stage that compiles.
    ///
    /// # Errors
    /// What buildah says.
    pub fn build(&self, recipe: &Path, context: &Path, built: &Path) -> Result<Image> {
        let (policy, tag) = (self.file("policy.json"), "localhost/dialdeck:test");
        self.said(&[
            "build",
            "--signature-policy",
            &policy,
            "--isolation",
            "chroot",
            "--pull=never",
            "--format",
            "docker",
            "--build-context",
            &format!("build={}", built.display()),
            "--tag",
            tag,
            "--file",
            &recipe.display().to_string(),
            &context.display().to_string(),
        ])
        .wrap_err("the image could not be built")?;
        let container = self.said(&["from", "--signature-policy", &policy, "--pull=never", tag])?;
        let root = PathBuf::from(self.said(&["mount", &container])?);
        let inspected: Value = serde_json::from_str(&self.said(&["inspect", "--type", "image", tag])?)?;
        Ok(Image { root, config: inspected["Docker"]["config"].clone() })
    }
}

impl Image {
    /// A command in the image, as its user, with its environment; the root cannot be written but for `state` at
    /// `/var/lib/dialdeck` and a `/tmp` of its own. Without privileges, as the compose file asks.
    ///
    /// # Errors
    /// When the image says no user or environment.
    pub fn command(
        &self,
        state: &Path,
        environment: &[(String, String)],
        arguments: &[&str],
    ) -> Result<Command> {
        let user = self.config["User"].as_str().ok_or_else(|| eyre!("the image names no user"))?;
        let (uid, gid) = user.split_once(':').ok_or_else(|| eyre!("the image's user is {user:?}"))?;
        run(Command::new("chown").arg("-R").arg(format!("{uid}:{gid}")).arg(state))?;
        // Another user's process no longer dies with `unshare`, unless it asks anew.
        let script = format!(
            "set -e; mount --bind \"$1\" \"$1\"; mount -o remount,bind,ro \"$1\"; \
             mount -t tmpfs -o mode=1777,nosuid,nodev tmpfs \"$1/tmp\"; \
             mount --bind \"$2\" \"$1/var/lib/dialdeck\"; mount -t proc proc \"$1/proc\"; \
             mount --rbind /dev \"$1/dev\"; root=$1; shift 2; \
             exec chroot \"$root\" setpriv --reuid {uid} --regid {gid} --clear-groups --no-new-privs \
             --bounding-set=-all --inh-caps=-all --pdeathsig KILL \"$@\""
        );
        let mut command = Command::new("unshare");
        command.args(["--mount", "--fork", "--kill-child", "--pid", "bash", "-c", &script, "bash"]);
        command.arg(&self.root).arg(state).args(arguments).env_clear();
        let own = self.config["Env"].as_array().ok_or_else(|| eyre!("the image has no environment"))?;
        for pair in own.iter().filter_map(Value::as_str) {
            if let Some((name, value)) = pair.split_once('=') {
                command.env(name, value);
            }
        }
        command.envs(environment.iter().cloned());
        Ok(command)
    }
}
