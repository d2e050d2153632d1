// SPDX-License-Identifier: Apache-2.0
import ArgumentParser
import FunctionModel
import Glibc
import ObjectStore

/// Where `serve --object-store` keeps objects: a folder, or a bucket of a server that speaks S3.
enum ObjectStoreChoice: Hashable, Sendable {
    /// Absolute.
    case folder(String)
    /// Scheme, host and port; and a bucket that exists.
    case server(endpoint: String, bucket: String)
}

extension ObjectStoreChoice: ExpressibleByArgument {
    /// `http://HOST:PORT/BUCKET`, `https://HOST/BUCKET`, or the path of a folder.
    init?(argument: String) {
        guard argument.contains("://") else {
            guard argument.hasPrefix("/"), !argument.utf8.contains(0) else { return nil }
            self = .folder(argument)
            return
        }
        let parts = argument.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 4, parts[0] == "http:" || parts[0] == "https:", parts[1].isEmpty, !parts[2].isEmpty, !parts[3].isEmpty else {
            return nil
        }
        self = .server(endpoint: "\(parts[0])//\(parts[2])", bucket: parts[3])
    }

    var text: String {
        switch self {
        case .folder(let path): path
        case .server(let endpoint, let bucket): "\(endpoint)/\(bucket)"
        }
    }

    /// - Parameter choice: nil keeps objects in the state directory.
    /// - Throws: ``CommandFailure`` where a server is named and its credentials are not in the environment.
    static func open(_ choice: ObjectStoreChoice?, now: @escaping @Sendable () -> Timestamp) throws -> (any ObjectStore)? {
        switch choice {
        case nil: return nil
        case .folder(let path): return try DirectoryObjectStore(folder: path)
        case .server(let endpoint, let bucket):
            guard let id = variable("SWIFTLET_S3_ACCESS_KEY_ID"), let secret = variable("SWIFTLET_S3_SECRET_ACCESS_KEY") else {
                throw CommandFailure(
                    "--object-store \(endpoint)/\(bucket) needs SWIFTLET_S3_ACCESS_KEY_ID and SWIFTLET_S3_SECRET_ACCESS_KEY in the environment"
                )
            }
            let credentials = S3Credentials(keyID: id, secret: secret, region: variable("SWIFTLET_S3_REGION") ?? "us-east-1")
            return S3ObjectStore(endpoint: endpoint, bucket: bucket, credentials: credentials, now: now)
        }
    }

    private static func variable(_ name: String) -> String? {
        getenv(name).map { String(cString: $0) }.flatMap { $0.isEmpty ? nil : $0 }
    }
}
