// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Glibc

/// How much of the disk images may take. What would take more is refused before the disk is full, in words that say what there is.
public struct ImageSpace: Hashable, Sendable {
    /// Bytes of all layers' files and all kept blobs; nil for no bound but the disk's.
    public var quota: UInt64?
    /// Bytes that must stay free on the disk of the state directory: functions write logs there, and the database must go on.
    public var reserve: UInt64 = 256 << 20
    var path = "/"

    public init(quota: UInt64? = nil) { self.quota = quota }

    /// - Parameters:
    ///   - used: bytes of images now.
    ///   - coming: bytes that will come at least.
    /// - Throws: ``ServiceError`` 507 `InsufficientStorage`.
    func check(used: UInt64, coming: UInt64) throws {
        if let quota, [used, coming].saturatingSum > quota {
            let more = coming == 0 ? "" : " at least \(coming) more would come,"
            throw Self.refusal("images take \(used) bytes,\(more) and the host's --image-quota is \(quota)")
        }
        try checkDisk(coming: coming)
    }

    func checkDisk(coming: UInt64 = 0) throws {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else {
            throw ServiceError(status: 500, code: "InternalServerError", message: "\(path): \(String(cString: strerror(errno)))")
        }
        let free = UInt64(status.f_bavail) * UInt64(status.f_frsize)
        guard free >= [reserve, coming].saturatingSum else {
            throw Self.refusal(
                "\(free) bytes are free on the disk of the state directory, \(coming) more would come, and \(reserve) must stay free")
        }
    }

    static func refusal(_ reason: String) -> ServiceError {
        ServiceError(
            status: 507, code: "InsufficientStorage",
            message: "there is no room for the image: \(reason); free some with 'swiftlet image gc --all' or 'swiftlet image remove'")
    }
}

extension Sequence<UInt64> {
    /// The sum, or the largest number where it is larger than that: what strangers promise must not stop the daemon.
    var saturatingSum: UInt64 {
        reduce(0) { sum, next in
            let (total, overflow) = sum.addingReportingOverflow(next)
            return overflow ? .max : total
        }
    }
}
