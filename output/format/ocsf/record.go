package ocsf

import "cleartap/output"

// record is a Detection Finding (class 2004) of OCSF 1.5 with the profile
// security_control. Times are milliseconds since 1970.
type record struct {
	ClassUID      int          `json:"class_uid"`
	ClassName     string       `json:"class_name"`
	CategoryUID   int          `json:"category_uid"`
	CategoryName  string       `json:"category_name"`
	ActivityID    int          `json:"activity_id"`
	ActivityName  string       `json:"activity_name"`
	TypeUID       int          `json:"type_uid"`
	TypeName      string       `json:"type_name"`
	Time          int64        `json:"time"`
	StartTime     int64        `json:"start_time,omitempty"`
	EndTime       int64        `json:"end_time,omitempty"`
	SeverityID    int          `json:"severity_id"`
	Severity      string       `json:"severity"`
	StatusID      int          `json:"status_id"`
	Status        string       `json:"status"`
	Message       string       `json:"message,omitempty"`
	ActionID      int          `json:"action_id"`
	Action        string       `json:"action"`
	DispositionID int          `json:"disposition_id"`
	Disposition   string       `json:"disposition"`
	IsAlert       bool         `json:"is_alert"`
	Count         int          `json:"count,omitempty"`
	Metadata      metadata     `json:"metadata"`
	FindingInfo   findingInfo  `json:"finding_info"`
	Evidences     []evidence   `json:"evidences,omitempty"`
	Observables   []observable `json:"observables,omitempty"`
	Unmapped      *unmapped    `json:"unmapped,omitempty"`
}

type metadata struct {
	Version    string   `json:"version"`
	UID        string   `json:"uid"`
	EventCode  string   `json:"event_code,omitempty"`
	LoggedTime int64    `json:"logged_time,omitempty"`
	Profiles   []string `json:"profiles"`
	Product    product  `json:"product"`
}

type product struct {
	Name       string `json:"name"`
	VendorName string `json:"vendor_name"`
	Version    string `json:"version,omitempty"`
	UID        string `json:"uid,omitempty"` // the sensor
}

type findingInfo struct {
	UID         string   `json:"uid"`
	Title       string   `json:"title"`
	Types       []string `json:"types,omitempty"`
	SrcURL      string   `json:"src_url,omitempty"`
	CreatedTime int64    `json:"created_time,omitempty"`
	FirstSeen   int64    `json:"first_seen_time,omitempty"`
	LastSeen    int64    `json:"last_seen_time,omitempty"`
	Analytic    analytic `json:"analytic"`
	Attacks     []attack `json:"attacks,omitempty"`
}

type analytic struct {
	UID      string `json:"uid"`
	Name     string `json:"name"`
	Category string `json:"category,omitempty"`
	Version  string `json:"version,omitempty"`
	Type     string `json:"type"`
	TypeID   int    `json:"type_id"`
}

type attack struct {
	Technique    named  `json:"technique"`
	SubTechnique *named `json:"sub_technique,omitempty"`
}

type named struct {
	UID  string `json:"uid"`
	Name string `json:"name,omitempty"`
}

type evidence struct {
	Src        *endpoint   `json:"src_endpoint,omitempty"`
	Dst        *endpoint   `json:"dst_endpoint,omitempty"`
	Connection *connection `json:"connection_info,omitempty"`
	Actor      *actor      `json:"actor,omitempty"`
}

type endpoint struct {
	IP   string `json:"ip,omitempty"`
	Name string `json:"name,omitempty"` // a pseudonym or network, when the address is not shown
	Port int    `json:"port,omitempty"`
	VLAN string `json:"vlan_uid,omitempty"`
}

type connection struct {
	ProtocolName string `json:"protocol_name,omitempty"`
	ProtocolNum  int    `json:"protocol_num,omitempty"`
	VersionID    int    `json:"protocol_ver_id,omitempty"`
	DirectionID  int    `json:"direction_id"`
	Direction    string `json:"direction,omitempty"`
	CommunityUID string `json:"community_uid,omitempty"`
}

type actor struct {
	User user `json:"user"`
}

type user struct {
	Name string `json:"name"`
}

type observable struct {
	Name   string `json:"name"`
	TypeID int    `json:"type_id"`
	Type   string `json:"type"`
	Value  string `json:"value"`
}

// unmapped is what OCSF has no name for.
type unmapped struct {
	Outcome   string `json:"outcome,omitempty"`
	Result    string `json:"result,omitempty"`
	Protocol  string `json:"protocol,omitempty"`
	Mechanism string `json:"mechanism,omitempty"`
	Command   string `json:"command,omitempty"`
	ReplyCode string `json:"reply_code,omitempty"`
	Authzid   string `json:"authzid,omitempty"`
	Realm     string `json:"realm,omitempty"`
	Attempt   int    `json:"attempt,omitempty"`
	Interface string `json:"interface,omitempty"`
	File      string `json:"file,omitempty"`
	Frame     uint64 `json:"frame,omitempty"`
	Trimmed   bool   `json:"trimmed,omitempty"`

	Tags   []string              `json:"tags,omitempty"`
	Attack output.Attack         `json:"attack,omitzero"`
	TLS    *output.TLSFinding    `json:"tls,omitempty"`
	Server *output.ServerFinding `json:"server,omitempty"`
}
