// SPDX-License-Identifier: Apache-2.0
internal import Gateway
internal import Glibc
internal import LauncherClient
internal import Logging
internal import Sandbox

/// The listening sockets that the launcher holds while one daemon goes and the next one comes.
enum HeldListeners {
    /// `SWIFTLET_LISTENERS` is set by the launcher: `plain:6,secure:7`.
    static func handOver(_ launcher: LauncherClient, _ logger: Logger) -> ListenerHandOver {
        var handOver = ListenerHandOver()
        let text = getenv("SWIFTLET_LISTENERS").map { String(cString: $0) } ?? ""
        for place in text.split(separator: ",") {
            let parts = place.split(separator: ":")
            guard parts.count == 2, let descriptor = CInt(parts[1]), descriptor > 2,
                let name = ListenerName.allCases.first(where: { $0.description == parts[0] })
            else { continue }
            _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC)
            handOver.inherited[name == .plain ? .plain : .secure] = descriptor
        }
        handOver.keep = { name, descriptor in
            do { try launcher.keepListener(name == .plain ? .plain : .secure, descriptor) } catch {
                logger.error("who connects while the next daemon comes is refused: \(error)")
            }
        }
        return handOver
    }
}
