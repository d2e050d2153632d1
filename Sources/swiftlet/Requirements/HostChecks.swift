// SPDX-License-Identifier: Apache-2.0
import Sandbox

/// Judges what was found on a machine. A pure function: `serve` refuses by it, and `doctor` tells all of it.
package enum HostChecks {
    /// Before this the clock was never set: 2024-01-01.
    private static let oldestClock = 1_704_067_200
    /// Room for a few small images.
    private static let neededBytes = 256 << 20
    private static let comfortableBytes = 5 << 30

    package static func all(_ facts: HostFacts, _ place: PlaceFacts) -> [HostCheck] { machine(facts, place) + here(place) }

    private static func machine(_ facts: HostFacts, _ place: PlaceFacts) -> [HostCheck] {
        let namespaces = HostRequirements.namespaces.filter { !facts.namespaces.contains($0) }
        let controllers = HostRequirements.controllers.filter { !facts.cgroupControllers.contains($0) }
        let overlayProblem = facts.filesystems.contains("overlay") ? place.overlayProblem : "the kernel does not know it"
        return [
            HostCheck(
                "root", facts.isRoot ? .ok : .failed, found: facts.isRoot ? "run as root" : "not run as root",
                meaning: "sandboxes are made of namespaces, mounts and cgroups, which only root may make; what clients reach gives root up",
                mend: "start it with sudo"),
            HostCheck(
                "kernel", HostRequirements.isRecent(facts.kernelRelease) ? .ok : .failed, found: "Linux \(facts.kernelRelease)",
                meaning: "shared overlay roots, openat2 and close_range are there from 5.11 on",
                mend: "use the kernel of Debian 12 or Ubuntu 22.04, or a newer one"),
            HostCheck(
                "namespaces", namespaces.isEmpty ? .ok : .failed,
                found: namespaces.isEmpty
                    ? HostRequirements.namespaces.joined(separator: ", ") : "missing: \(namespaces.joined(separator: ", "))",
                meaning: "each instance has its own of each kind",
                mend: "use your distribution's own kernel: this one was built without them"),
            HostCheck(
                "user-namespaces", place.userNamespaces == 0 ? .warning : .ok,
                found: place.userNamespaces.map { "at most \($0)" } ?? "not told by the kernel",
                meaning: "not needed: the launcher is root, and functions may not make any",
                mend: "nothing needs to be done; `sysctl user.max_user_namespaces=10000` allows them to other programs"),
            HostCheck(
                "overlay", overlayProblem == nil ? .ok : .failed,
                found: overlayProblem ?? (facts.isRoot ? "a trial mount worked" : "known to the kernel"),
                meaning: "an image's layers are put over one another without a copy",
                mend:
                    "load it with `modprobe overlay`; inside a container, give the container CAP_SYS_ADMIN and a state directory on a real disk"
            ),
            HostCheck(
                "cgroups", controllers.isEmpty && place.cgroupProblem == nil ? .ok : .failed,
                found: controllers.isEmpty
                    ? place.cgroupProblem ?? HostRequirements.controllers.joined(separator: ", ")
                    : "missing: \(controllers.joined(separator: ", "))",
                meaning: "memory, processor time and the number of processes of each instance are bounded by them",
                mend:
                    "mount cgroups (`mount -t cgroup2 none /sys/fs/cgroup`); where the kernel was started with cgroup_disable=memory, start it without"
            ),
            HostCheck(
                "seccomp", facts.seccompActions.contains("user_notif") ? .ok : .failed,
                found: facts.seccompActions.isEmpty ? "none" : facts.seccompActions.sorted().joined(separator: ", "),
                meaning: "system calls that no function needs are refused, and a program's listen is noticed when it happens",
                mend: "use your distribution's own kernel: this one was built without user notification"),
        ]
    }

    private static func here(_ place: PlaceFacts) -> [HostCheck] {
        let unsure: Set<String> = ["nfs", "nfs4", "cifs", "smb3", "fuse", "9p", "overlay", "tmpfs"]
        let remote: String? = place.stateFilesystem.flatMap { unsure.contains($0) ? $0 : nil }
        let clockIsSet = place.clock >= oldestClock
        var checks = [
            HostCheck(
                "state", place.stateProblem != nil ? .failed : remote != nil ? .warning : .ok,
                found: place.stateProblem ?? "\(place.stateDirectory) on \(place.stateFilesystem ?? "an unknown file system")",
                meaning: "images, definitions and logs lie there, and roots of instances are mounted from there",
                mend: place.stateProblem != nil
                    ? "choose another --state-dir, or make it writable for root"
                    : "\(remote ?? "") loses data or cannot be the lower side of an overlay everywhere; a local disk with ext4 or xfs is sure"
            ),
            disk(place),
            HostCheck(
                "user", place.user == nil ? .failed : place.user == "nobody" ? .warning : .ok, found: place.user ?? "no such user",
                meaning: "everything that clients reach runs as this user",
                mend: place.user == nil
                    ? "make one (`useradd --system swiftlet`), or name another with --user"
                    : "other programs run as nobody too: `useradd --system --no-create-home swiftlet` makes a user of its own"),
            HostCheck(
                "programs", place.missingPrograms.isEmpty ? .ok : .failed,
                found: place.missingPrograms.isEmpty ? "beside swiftlet" : "missing: \(place.missingPrograms.joined(separator: ", "))",
                meaning: "the launcher makes sandboxes, of swiftlet-mold, and swiftlet-inflate and swiftlet-unpack open archives",
                mend: "they are built beside swiftlet (`swift build -c release`), and must stay there"),
            HostCheck(
                "descriptors", place.descriptorLimit.map { $0 >= 65536 } ?? true ? .ok : .warning,
                found: place.descriptorLimit.map { "at most \($0)" } ?? "not told by the kernel",
                meaning: "each connection and each instance needs some",
                mend: "raise the limit: `ulimit -Hn 1048576`, or LimitNOFILE= in the unit"),
            HostCheck(
                "nftables", place.packetFilter == nil ? .warning : .ok, found: place.packetFilter ?? "no \(FilterPlan.program)",
                meaning: "`serve --internet-access` tells it what instances may reach; a host without that needs none of it",
                mend: "`apt install nftables`, or leave --internet-access out"),
            HostCheck(
                "clock", !clockIsSet ? .failed : place.isClockKept == false ? .warning : .ok,
                found: !clockIsSet ? "before 2024" : place.isClockKept == false ? "set, but nothing keeps it in step" : "set",
                meaning: "schedules, signatures and times in logs stand on it",
                mend: "set it, and keep it in step with systemd-timesyncd or chrony"),
        ]
        for (address, problem) in place.addresses {
            checks.append(
                HostCheck(
                    "port", problem == nil ? .ok : .failed, found: problem.map { "\(address): \($0)" } ?? "\(address) is free",
                    meaning: "calls and the API are taken there",
                    mend: "end what uses it (`ss -ltnp` names it), or choose another --listen HOST:PORT"))
        }
        return checks
    }

    private static func disk(_ place: PlaceFacts) -> HostCheck {
        let (bytes, files) = (place.freeBytes ?? .max, place.freeFiles ?? .max)
        let verdict: HostCheck.Verdict =
            bytes < neededBytes || files < 1000 ? .failed : bytes < comfortableBytes || files < 100_000 ? .warning : .ok
        let words = [
            place.freeBytes.map { "\(sizeText($0)) free" }, place.freeFiles.map { $0 == .max ? "" : "room for \($0) files" },
        ].compactMap { $0 }.filter { !$0.isEmpty }
        return HostCheck(
            "disk", verdict, found: words.isEmpty ? "not told by the file system" : words.joined(separator: ", "),
            meaning: "images are unpacked, and logs and accepted events are written there",
            mend: "make room: `swiftlet image list` shows what images take, `swiftlet image remove` frees it")
    }
}
