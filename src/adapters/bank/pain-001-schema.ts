import { NAMESPACE } from './pain-001.ts';

// The part of pain.001.001.09 that we send, with the names, the order, the types and the lengths of the standard, and
// stricter where our own rules are. It is our own text: a file that is valid here is also valid by the standard's schema.
// A test checks this when the standard's schema is available.
export const PAIN_001_SCHEMA = `<?xml version="1.0" encoding="UTF-8"?>
<xs:schema xmlns="${NAMESPACE}" xmlns:xs="http://www.w3.org/2001/XMLSchema" elementFormDefault="qualified" targetNamespace="${NAMESPACE}">
  <xs:element name="Document"><xs:complexType><xs:sequence><xs:element name="CstmrCdtTrfInitn" type="Initiation"/></xs:sequence></xs:complexType></xs:element>
  <xs:simpleType name="Latin"><xs:restriction base="xs:string"><xs:pattern value="[A-Za-z0-9][A-Za-z0-9/\\-?:().,'+ ]*"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Id35"><xs:restriction base="xs:string"><xs:pattern value="[0-9a-f]{32}(-[12])?"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Key"><xs:restriction base="xs:string"><xs:length value="32"/><xs:pattern value="[0-9a-f]+"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Name"><xs:restriction base="Latin"><xs:maxLength value="70"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Town"><xs:restriction base="Latin"><xs:maxLength value="35"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Text"><xs:restriction base="Latin"><xs:maxLength value="140"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Country"><xs:restriction base="xs:string"><xs:pattern value="[A-Z]{2}"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Instant"><xs:restriction base="xs:dateTime"/></xs:simpleType>
  <xs:simpleType name="Count"><xs:restriction base="xs:string"><xs:pattern value="[1-9][0-9]{0,14}"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Sum"><xs:restriction base="xs:decimal"><xs:totalDigits value="18"/><xs:fractionDigits value="5"/><xs:minExclusive value="0"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="IBAN"><xs:restriction base="xs:string"><xs:maxLength value="34"/><xs:pattern value="[A-Z][A-Z][0-9][0-9][a-zA-Z0-9]+"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="BIC"><xs:restriction base="xs:string"><xs:pattern value="[A-Z0-9]{4}[A-Z]{2}[A-Z0-9]{2}([A-Z0-9]{3})?"/></xs:restriction></xs:simpleType>
  <xs:simpleType name="Number"><xs:restriction base="xs:string"><xs:pattern value="[A-Z0-9]{1,34}"/></xs:restriction></xs:simpleType>
  <xs:complexType name="Amount"><xs:simpleContent><xs:extension base="Sum"><xs:attribute name="Ccy" use="required"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[A-Z]{3}"/></xs:restriction></xs:simpleType></xs:attribute></xs:extension></xs:simpleContent></xs:complexType>
  <xs:complexType name="Party"><xs:sequence><xs:element name="Nm" type="Name"/><xs:element name="PstlAdr" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="TwnNm" type="Town"/><xs:element name="Ctry" type="Country"/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType>
  <xs:complexType name="Account"><xs:sequence><xs:element name="Id"><xs:complexType><xs:choice><xs:element name="IBAN" type="IBAN"/><xs:element name="Othr"><xs:complexType><xs:sequence><xs:element name="Id" type="Number"/></xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:sequence></xs:complexType>
  <xs:complexType name="Agent"><xs:sequence><xs:element name="FinInstnId"><xs:complexType><xs:choice><xs:element name="BICFI" type="BIC"/><xs:element name="ClrSysMmbId"><xs:complexType><xs:sequence><xs:element name="ClrSysId"><xs:complexType><xs:sequence><xs:element name="Cd" fixed="GBDSC" type="xs:string"/></xs:sequence></xs:complexType></xs:element><xs:element name="MmbId"><xs:simpleType><xs:restriction base="xs:string"><xs:pattern value="[0-9]{6}"/></xs:restriction></xs:simpleType></xs:element></xs:sequence></xs:complexType></xs:element></xs:choice></xs:complexType></xs:element></xs:sequence></xs:complexType>
  <xs:complexType name="Initiation"><xs:sequence>
    <xs:element name="GrpHdr"><xs:complexType><xs:sequence>
      <xs:element name="MsgId" type="Key"/><xs:element name="CreDtTm" type="Instant"/><xs:element name="NbOfTxs" type="Count"/><xs:element name="CtrlSum" type="Sum"/>
      <xs:element name="InitgPty"><xs:complexType><xs:sequence><xs:element name="Nm" type="Name"/></xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
    <xs:element name="PmtInf" maxOccurs="2"><xs:complexType><xs:sequence>
      <xs:element name="PmtInfId" type="Id35"/><xs:element name="PmtMtd" fixed="TRF" type="xs:string"/><xs:element name="BtchBookg" type="xs:boolean"/>
      <xs:element name="NbOfTxs" type="Count"/><xs:element name="CtrlSum" type="Sum"/>
      <xs:element name="PmtTpInf" minOccurs="0"><xs:complexType><xs:sequence><xs:element name="SvcLvl"><xs:complexType><xs:sequence><xs:element name="Cd" fixed="SEPA" type="xs:string"/></xs:sequence></xs:complexType></xs:element></xs:sequence></xs:complexType></xs:element>
      <xs:element name="ReqdExctnDt"><xs:complexType><xs:sequence><xs:element name="Dt" type="xs:date"/></xs:sequence></xs:complexType></xs:element>
      <xs:element name="Dbtr" type="Party"/><xs:element name="DbtrAcct" type="Account"/><xs:element name="DbtrAgt" type="Agent"/>
      <xs:element name="ChrgBr"><xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value="SLEV"/><xs:enumeration value="SHAR"/></xs:restriction></xs:simpleType></xs:element>
      <xs:element name="CdtTrfTxInf" maxOccurs="unbounded"><xs:complexType><xs:sequence>
        <xs:element name="PmtId"><xs:complexType><xs:sequence><xs:element name="EndToEndId" type="Key"/></xs:sequence></xs:complexType></xs:element>
        <xs:element name="Amt"><xs:complexType><xs:sequence><xs:element name="InstdAmt" type="Amount"/></xs:sequence></xs:complexType></xs:element>
        <xs:element name="CdtrAgt" type="Agent" minOccurs="0"/><xs:element name="Cdtr" type="Party"/><xs:element name="CdtrAcct" type="Account"/>
        <xs:element name="RmtInf"><xs:complexType><xs:sequence><xs:element name="Ustrd" type="Text"/></xs:sequence></xs:complexType></xs:element>
      </xs:sequence></xs:complexType></xs:element>
    </xs:sequence></xs:complexType></xs:element>
  </xs:sequence></xs:complexType>
</xs:schema>`;
