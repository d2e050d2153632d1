// SPDX-License-Identifier: Apache-2.0
public import NIOCore

/// What bounds all instances of the host. Each function's own limits come with its configuration.
public struct ActivationOptions: Sendable {
    /// The most instances alive at once on this host, of all functions together; beyond it calls answer 503 `ResourceThrottled`.
    public var maximumInstances: Int = 1000
    /// The most instances of one function that start at the same moment; the calls beyond wait for one of these, or for the next.
    public var simultaneousStarts: Int = 32
    /// The most calls of one function that wait for an instance; beyond it calls answer 429 `ResourceExhausted`.
    public var waitingCalls: Int = 4096
    /// How long a call waits where all instances are busy and no more may start; after it, 429 `ResourceExhausted`.
    public var waitTime: TimeAmount = .seconds(30)
    /// From the start of the program to the first connection and, where one is configured, the first healthy answer.
    /// Source of the default: Function Compute contract §7.1.
    public var startUpTime: TimeAmount = .seconds(120)
    /// From SIGTERM to SIGKILL.
    public var stopGrace: Duration = .seconds(5)
    /// The first pause after a failed start; it doubles with each further one up to `longestBackOff`.
    public var firstBackOff: TimeAmount = .milliseconds(250)
    public var longestBackOff: TimeAmount = .seconds(30)
    /// Whether instances are kept by the idle times of their function, with a start ahead of the call that is due, where these say enough; `idleTimeout`
    /// holds where they do not.
    public var learnsIdleTime: Bool = false
    /// How long an instance has had no call when it is frozen, until its next one; nil freezes none. Provisioned ones are never frozen.
    public var freezeTime: TimeAmount?
    /// The most instances that are prepared ahead of need, over all functions; 0 prepares none.
    public var parkedInstances: Int = 64
    /// Whether functions that ask for it get a way to other machines.
    public var internetAccess: Bool = false
    /// What `FC_REGION` and `x-fc-region` say.
    public var region: String = "cn-local"
    /// What `FC_ACCOUNT_ID` and `x-fc-account-id` say.
    public var accountID: String = "1"

    /// The variables with the credentials of a role, which an instance gets when it starts; none for a role that does not exist.
    public var credentials: @Sendable (_ role: String) -> [(String, String)] = { _ in [] }
    /// The header fields with the credentials of a role, for one request; empty ones for a role that does not exist. The gateway has its own.
    public var requestCredentials: @Sendable (_ role: String) -> [(String, String)] = { _ in CommonHeaders.noCredentials }

    public init() {}
}
