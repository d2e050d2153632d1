// SPDX-License-Identifier: Apache-2.0
import Access
import Console
import FunctionModel

extension ConsoleKeys {
    /// A key that may look at anything opens the console; what it may do there is decided for each thing that it does.
    init(_ authority: AccessAuthority) {
        self.init(
            areNeeded: { !authority.isOpen },
            open: { id, secret throws(ServiceError) in try authority.verify(key: id, secret: secret).requireRead() },
            isOpen: { id in authority.caller(key: id).map { $0.policy.allows(.read, function: nil) } ?? false })
    }
}

extension AccessCaller {
    /// Who has not signed in.
    static let nobody = AccessCaller(key: nil, policy: .nothing)

    fileprivate func requireRead() throws(ServiceError) { try require(.read, function: nil) }
}
