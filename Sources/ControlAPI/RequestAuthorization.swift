// SPDX-License-Identifier: Apache-2.0
import FunctionModel
import Hummingbird

/// Decides who may do what. Every request of the control API passes here before anything is read or changed for it.
enum RequestAuthorization {
    /// Lets everybody in, with a signature or without: the socket is the operator's own (mode 0600), and a TCP address is the operator's choice.
    static func check(_ request: Request, _ path: ControlPath) throws(ServiceError) {}
}
